"""How answers of two machines are compared, and which images are chosen for it."""

from __future__ import annotations

import json
import math
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import measure_arm
import pytest
from emulation.answers import Answer, Difference, compare, read_answers
from emulation.cores import CORES

HERE = {"a.jpg": {"cat": 0.75, "dog": 0.25}, "b.jpg": {"cat": 0.375, "dog": 0.625}}


def row(source: str, error: str | None = None, **probabilities: float) -> str:
    top: list[dict[str, Any]] = [{"label": label, "probability": value} for label, value in probabilities.items()]
    return json.dumps({"source": source, "top": top, "error": error})


@pytest.mark.parametrize(
    ("there", "expected"),
    [
        pytest.param(HERE, Difference(2, 0, 0, 0.0), id="the same"),
        pytest.param(HERE | {"b.jpg": {"dog": 0.75, "cat": 0.25}}, Difference(2, 0, 1, 0.125), id="one differs"),
        pytest.param(HERE | {"a.jpg": {"cat": 0.25, "dog": 0.75}}, Difference(2, 1, 1, 0.5), id="a label changes"),
    ],
)
def test_answers_are_compared_image_by_image(there: dict[str, Answer], expected: Difference) -> None:
    assert compare(HERE, there) == expected


def test_what_is_no_number_is_no_small_difference() -> None:
    found = compare(HERE, HERE | {"a.jpg": {"cat": math.nan, "dog": 0.25}})
    assert found.differing == 1 and math.isnan(found.max_probability_difference)
    assert not measure_arm.report(CORES[0], "best.int8.onnx", found)


@pytest.mark.parametrize(
    "there",
    [
        pytest.param({"a.jpg": HERE["a.jpg"]}, id="an image is missing"),
        pytest.param(HERE | {"b.jpg": {"cat": 0.375, "bird": 0.625}}, id="another class"),
    ],
)
def test_answers_to_something_else_are_not_compared(there: dict[str, Answer]) -> None:
    with pytest.raises(ValueError, match=r"^answers to 2 and"):
        compare(HERE, there)


def test_rows_are_read() -> None:
    text = "\n".join(row(source, **dict(answer)) for source, answer in HERE.items())
    assert read_answers(text) == HERE


@pytest.mark.parametrize(
    ("text", "problem"),
    [
        (row("a.jpg", error="truncated JPEG"), "^a.jpg: truncated JPEG$"),
        (f"{row('a.jpg', cat=1.0)}\n{row('a.jpg', cat=1.0)}", "^a.jpg has two answers$"),
    ],
)
def test_rows_without_an_answer_are_errors(text: str, problem: str) -> None:
    with pytest.raises(ValueError, match=problem):
        read_answers(text)


@pytest.fixture
def classes(tmp_path: Path) -> Path:
    """A folder with three cats, a dog, and something else."""
    for name in ("cat/1.jpg", "cat/0.jpg", "cat/2.jpg", "dog/0.jpg", "dog/notes.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_text(name)
    (tmp_path / "README").touch()
    return tmp_path


@pytest.mark.parametrize(
    ("count", "expected"),
    [(2, ["cat/0.jpg", "dog/0.jpg"]), (4, ["cat/0.jpg", "dog/0.jpg", "cat/1.jpg", "cat/2.jpg"])],
)
def test_images_are_taken_evenly_of_all_classes(count: int, expected: list[str], classes: Path) -> None:
    assert [str(path.relative_to(classes)) for path in measure_arm.chosen_images(classes, count)] == expected


def test_too_few_images_are_an_error(classes: Path) -> None:
    with pytest.raises(ValueError, match=r"has 4 JPEG files .* expected 5 at least$"):
        measure_arm.chosen_images(classes, 5)


def test_copies_are_named_by_number_and_class(classes: Path) -> None:
    measure_arm.copy_images(measure_arm.chosen_images(classes, 3), classes / "images")
    copies = {path.name: path.read_text() for path in (classes / "images").iterdir()}
    assert copies == {"00000-cat.jpg": "cat/0.jpg", "00001-dog.jpg": "dog/0.jpg", "00002-cat.jpg": "cat/1.jpg"}


@pytest.mark.parametrize(
    ("model", "changes", "worst", "within"),
    [
        ("best.int8.onnx", 0, 0.005, True),
        ("best.int8.onnx", 0, 0.0051, False),
        ("best.int8.onnx", 1, 0.0001, False),
        ("best.onnx", 0, 0.0002, False),
    ],
)
def test_a_line_says_what_is_above_the_limit(model: str, changes: int, worst: float, within: bool, capsys) -> None:
    assert measure_arm.report(CORES[0], model, Difference(200, changes, 92, worst)) is within
    line = capsys.readouterr().out
    assert line.split()[:5] == ["cortex-a53", model, str(changes), "92", f"{worst:.1e}"]
    assert line.endswith("above the limit\n") is not within


@pytest.mark.parametrize(("worst", "code"), [(0.001, 0), (0.01, 1)])
def test_the_last_line_is_json(worst: float, code: int, classes: Path, monkeypatch, capsys) -> None:
    there = HERE | {"a.jpg": {"cat": 0.75 - worst, "dog": 0.25}}
    monkeypatch.setattr(measure_arm, "answers_here", lambda images, model: HERE)
    monkeypatch.setattr(
        measure_arm, "answers_there", lambda machine, core, images, model: there if model != "best.onnx" else HERE
    )
    monkeypatch.setattr(measure_arm, "arm_machine", nullcontext)
    monkeypatch.setattr("sys.argv", ["measure_arm.py", str(classes), "--count", "2", "--json"])
    assert measure_arm.main() == code
    found = json.loads(capsys.readouterr().out.splitlines()[-1])
    assert found["images"] == 2 and len(found["emulated"]) == 8
    assert found["emulated"][0] | {"max_probability_difference": 0} == {
        "core": "cortex-a53", "file": "best.int8.onnx", "images": 2, "label_changes": 0, "differing": 1,
        "max_probability_difference": 0,
    }  # fmt: skip


def test_the_script_says_why_it_cannot_run(classes: Path, monkeypatch, capsys) -> None:
    monkeypatch.setattr("emulation.machine.missing", lambda _: "a change of root needs root")
    monkeypatch.setattr("sys.argv", ["measure_arm.py", str(classes), "--count", "1"])
    assert measure_arm.main() == 1
    assert capsys.readouterr().err == "measure_arm.py: a change of root needs root\n"
