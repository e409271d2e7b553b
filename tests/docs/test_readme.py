"""The README: short, with every command, and what it shows as printed is printed."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest
from click.testing import CliRunner
from pages import FIGURES, GUIDE, README, ROOT, RUNNING, blocks, calls, figure_rows, sections, text_of

from cnnkit.cli import COMMANDS, main
from cnnkit.runtime.model import bundled_model

LONGEST = 180  # lines
DECIDING = 10  # figures
TEXT = text_of(README)
# Shown with their whole output, and quick enough to run.
PRINTED = [
    (README, "predict toolkit/examples/cat.jpg"),
    (GUIDE, "predict toolkit/examples/cat.jpg --format jsonl --top-k 2"),
    (GUIDE, "verify"),
]
NUMBER = re.compile(r"\d+(?:\.\d+)?(?:e-?\d+)?")


def test_it_can_be_read_in_five_minutes() -> None:
    assert len(TEXT.splitlines()) <= LONGEST


def test_every_command_is_shown_and_said() -> None:
    assert {call[0] for call in calls(TEXT)} == set(COMMANDS)
    commands = sections(TEXT)["Commands"]
    assert {call[0] for call in calls(commands)} == set(COMMANDS)
    assert set(re.findall(r"\*\*(\w+)\*\*", commands)) == set(COMMANDS)


def test_it_leads_to_the_other_pages() -> None:
    linked = {(ROOT / target.partition("#")[0]).resolve() for target in re.findall(r"\]\(([^)\s]+)\)", TEXT)}
    assert linked >= {GUIDE, FIGURES, RUNNING, ROOT / "ARCHITECTURE.md", ROOT / "CONTRIBUTING.md"}


@pytest.mark.parametrize(("page", "call"), PRINTED, ids=[f"{page.name}: {call}" for page, call in PRINTED])
def test_output_is_as_shown(page: Path, call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    console = "".join(blocks(text_of(page), "console"))
    (shown,) = re.findall(rf"^\$ cnnkit {re.escape(call)}\n((?!\$).*?)(?=^\$|\Z)", console, re.DOTALL | re.MULTILINE)
    result = CliRunner().invoke(main, shlex.split(call), catch_exceptions=False)
    assert result.exit_code == 0
    assert NUMBER.sub("0", result.stdout) == NUMBER.sub("0", shown)
    # Another CPU may round the last digits otherwise.
    tolerance = 0.11 if "%" in shown else 0.005
    assert numbers(result.stdout) == pytest.approx(numbers(shown), abs=tolerance)


def numbers(text: str) -> list[float]:
    return [float(number) for number in NUMBER.findall(text)]


def test_the_python_example_runs(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    monkeypatch.chdir(ROOT)
    (example,) = blocks(TEXT, "python")
    files = {"model.onnx": str(bundled_model()), "photo.jpg": "toolkit/examples/cat.jpg"}
    for shown, file in files.items():
        assert f'"{shown}"' in example
        example = example.replace(f'"{shown}"', repr(file))
    exec(compile(example, "README.md", "exec"), {})
    assert capsys.readouterr().out.startswith("cat 0.99")


def test_ten_figures_decide_and_stand_in_the_page_of_figures_as_well() -> None:
    shown = figure_rows(TEXT)
    assert len(shown) == DECIDING
    assert [row for row in shown if row not in figure_rows(text_of(FIGURES))] == []
