"""Every figure that is shown can be measured by `make bench`, and every figure of `make bench` is shown."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import click
import pytest
from figures.figure import DATA, ON_OLDER_CPU, FigureError, Row, Table
from figures.needs import missing
from figures.registry import MEASUREMENTS, chosen
from figures.running import machine_form
from pages import FIGURES, README, command_named, figure_rows, text_of

from cnnkit.cli import main

ROOT = Path(__file__).parents[2]
PAGE = text_of(FIGURES)
COMMANDS = sorted({command for measurement in MEASUREMENTS for command in measurement.commands})
KEYS = {row.what: each.name for each in MEASUREMENTS for row in each.rows if isinstance(row, Row)}
TABLES = [(each.name, row) for each in MEASUREMENTS for row in each.rows if isinstance(row, Table)]
MEASURED = r"20\d\d-\d\d-\d\d, [\w() .@-]+( \([\w, -]+\))?, \d+ processors?"


def unmatched(text: str, whats: list[str]) -> list[str]:
    """What the tables of a page have and a registry has not, or the other way round."""
    shown = [what for what, *_ in figure_rows(text)]
    return [f"no entry: {what}" for what in shown if what not in whats] + [
        f"no row: {what}" for what in whats if shown.count(what) != 1
    ]


def test_rows_and_registry_match() -> None:
    assert unmatched(PAGE, list(KEYS)) == []


@pytest.mark.parametrize("what", KEYS)
def test_a_missing_row_or_entry_is_noticed(what: str) -> None:
    without = "\n".join(line for line in PAGE.splitlines() if not line.startswith(f"| {what} |"))
    assert unmatched(without, list(KEYS)) == [f"no row: {what}"]
    assert unmatched(PAGE, [other for other in KEYS if other != what]) == [f"no entry: {what}"]


@pytest.mark.parametrize("page", [FIGURES, README], ids=lambda page: page.name)
def test_rows_name_the_key_that_measures_them(page: Path) -> None:
    shown = {what: key for what, _, key, _ in figure_rows(text_of(page))}
    assert shown and shown == {what: f"`{KEYS[what]}`" for what in shown}


def test_every_place_is_found_once() -> None:
    lines = PAGE.split("\n")
    rows = [row for each in MEASUREMENTS for row in each.rows]
    assert [row.what for row in rows if len(row.places(lines)) != 1] == []
    assert len({row.what for row in rows}) == len(rows)


@pytest.mark.parametrize(("key", "table"), TABLES, ids=[key for key, _ in TABLES])
def test_tables_stand_below_a_sentence_with_their_key(key: str, table: Table) -> None:
    lines = PAGE.split("\n")
    (place,) = table.places(lines)
    sentence, empty, head, rule, *printed = lines[place]
    found = re.fullmatch(rf"{re.escape(table.what)} \(`{key}`; ({MEASURED}|not measured yet)\):", sentence)
    assert found is not None
    assert not empty and head.count("|") == rule.count("|") and set(rule) <= set("|-: ")
    assert {line.count("|") for line in printed} == {head.count("|")}
    if found[1] == "not measured yet":
        assert [re.sub(r"[|\s-]", "", line) for line in printed] == ["notmeasuredyet"]
    else:
        assert len(printed) > 3


def test_every_figure_that_was_measured_says_when_and_on_what() -> None:
    for what, figure, _, measured in figure_rows(PAGE):
        assert re.fullmatch("" if figure == "not measured yet" else MEASURED, measured), what


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_there_and_name_nothing_of_one_machine(command: str) -> None:
    words = machine_form(command.removeprefix(ON_OLDER_CPU))
    folders = {word.split("/")[0] for word in words if "/" in word}
    assert folders <= {"toolkit", "tests", DATA, "networks"}
    if words[0] == "python":
        script = (ROOT / words[1]).read_text()
        assert "--json" in script or "measure_one(__doc__" in script  # which reads --json for it
    elif words[0] == "cnnkit":
        command_named(words[1]).make_context(words[1], words[2:], parent=click.Context(main))
    else:
        assert words == ["make", "coverage"]


def test_names_choose() -> None:
    names = [measurement.name for measurement in MEASUREMENTS]
    assert len(names) == len(set(names))
    assert [each.name for each in chosen(["startup", "latency"])] == ["latency", "startup"]
    assert {each.name for each in chosen([])} == {each.name for each in MEASUREMENTS if not each.on_request}
    assert {"training-memory", "training-gpu"} <= set(names) - {each.name for each in chosen([])}
    assert [each.name for each in chosen([], on_request=True)] == names
    assert [each.name for each in chosen(["training-memory"])] == ["training-memory"]
    with pytest.raises(FigureError, match=r"^no figure is called nope, none; there are float32, .*"):
        chosen(["nope", "latency", "none"])


@pytest.mark.parametrize(
    ("name", "module", "expected"),
    [
        ("runtimes", "ai_edge_litert", "the extra litert is not installed: pip install '.[litert]'"),
        ("runtimes", "openvino", "the extra openvino is not installed: pip install '.[openvino]'"),
        ("ray", "ray", "the extra ray is not installed: pip install '.[ray]'"),
        ("photos", "skimage", "the package skimage is not installed: pip install --group dev"),
        ("photos", None, None),
        (
            "tiny",
            None,
            "CNNKIT_CIFAR10_JPEG names no folder with train/ and test/; tests/scripts/jpeg_cifar10.py makes one",
        ),
        ("startup", None, None),
        ("imagenet", None, "CNNKIT_PHOTOS names no folder with imagenet/"),
        ("guidance", None, "CNNKIT_PHOTOS names no folder with masks/ and sign/"),
    ],
)
def test_what_is_missing(name: str, module: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("figures.needs._is_there", lambda wanted: wanted != module)
    monkeypatch.delenv("CNNKIT_PHOTOS", raising=False)
    (measurement,) = chosen([name])
    assert missing(measurement, None) == expected


def test_a_cpu_that_cannot_be_shown_as_an_older_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("figures.needs._is_there", lambda wanted: True)
    monkeypatch.setattr("figures.needs.why_not", lambda: "it is no x86 one")
    assert missing(chosen(["runtimes-MobileNetV2-avx2"])[0], ROOT) == "it is no x86 one"


def test_photos_that_are_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "imagenet").mkdir()
    monkeypatch.setenv("CNNKIT_PHOTOS", str(tmp_path))
    assert missing(chosen(["imagenet"])[0], None) is None
    (tmp_path / "sign").mkdir()
    assert missing(chosen(["guidance"])[0], None) == "CNNKIT_PHOTOS names no folder with masks/"


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cnnkit bench --model a.onnx", "cnnkit bench --model a.onnx --format json"),
        ("cnnkit bench --format markdown", "cnnkit bench --format markdown"),
        ("cnnkit demo", "cnnkit demo"),
        ("python tests/scripts/measure_live.py age", "python tests/scripts/measure_live.py age --json"),
        ("make test", "make test"),
        (
            "python tests/scripts/on_older_cpu.py cnnkit bench --model a.onnx",
            "python tests/scripts/on_older_cpu.py cnnkit bench --model a.onnx --format json",
        ),
    ],
)
def test_commands_are_run_in_their_machine_form(command: str, expected: str) -> None:
    assert shlex.join(machine_form(command)) == expected
