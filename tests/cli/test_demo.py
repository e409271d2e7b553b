from __future__ import annotations

from pathlib import Path

import pytest
from click.testing import CliRunner, Result

from cnnkit.cli import main

STEPS = ("images", "train", "export", "quantize", "verify", "bench", "predict", "photo", "done")


@pytest.fixture(scope="module")
def demo(tmp_path_factory: pytest.TempPathFactory) -> tuple[Result, Path]:
    folder = tmp_path_factory.mktemp("demo") / "made"
    return CliRunner().invoke(main, ["demo", "--out", str(folder)], catch_exceptions=False), folder


def test_every_step_says_one_line_with_its_figures(demo: tuple[Result, Path]) -> None:
    result, folder = demo
    assert result.exit_code == 0
    lines = result.stdout.splitlines()
    assert tuple(line.split()[0] for line in lines) == STEPS
    assert lines[-1].endswith(f"everything is in {folder}")
    said = dict(zip(STEPS, lines, strict=True))
    assert "1,654 handwritten digits" in said["images"]
    assert "16 golden images passed" in said["verify"]
    assert {"predict", "function", "digits.int8", "digits"} <= set(said["bench"].replace(";", "").split())
    assert "cat.jpg: cat" in said["photo"]
    right, _, of = said["predict"].split()[1:4]
    assert int(right) > 0.95 * int(of)


def test_what_it_made_stays(demo: tuple[Result, Path]) -> None:
    folder = demo[1]
    assert {path.name for path in folder.iterdir()} == {"images", "run", "digits.onnx", "digits.int8.onnx"}
    assert CliRunner().invoke(main, ["verify", str(folder / "digits.int8.onnx")]).exit_code == 0


def test_a_folder_that_exists_is_left_alone(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["demo", "--out", str(tmp_path)])
    assert result.exit_code == 2
    assert result.stderr.endswith(f"{tmp_path} exists already: name another folder with --out\n")
