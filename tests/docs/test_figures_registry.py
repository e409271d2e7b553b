"""Every figure of the README can be measured by `make bench`, and every figure of `make bench` is in the README."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
from figures.figure import DATA, FigureError, Row, Table, cell_of
from figures.needs import missing
from figures.registry import MEASUREMENTS, chosen
from figures.running import machine_form
from readme_tables import figure_rows

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
COMMANDS = sorted({command for measurement in MEASUREMENTS for command in measurement.commands})
WHATS = [row.what for measurement in MEASUREMENTS for row in measurement.rows if isinstance(row, Row)]
MEASURED = r"20\d\d-\d\d-\d\d, [\w() .@-]+( \([\w, -]+\))?, \d+ processors?"


def unmatched(text: str, whats: list[str]) -> list[str]:
    """What the tables of a README have and a registry has not, or the other way round."""
    shown = [what for what, *_ in figure_rows(text)]
    return [f"no entry: {what}" for what in shown if what not in whats] + [
        f"no row: {what}" for what in whats if shown.count(what) != 1
    ]


def test_rows_and_registry_match() -> None:
    assert unmatched(README, WHATS) == []


@pytest.mark.parametrize("what", WHATS)
def test_a_missing_row_or_entry_is_noticed(what: str) -> None:
    without = "\n".join(line for line in README.splitlines() if not line.startswith(f"| {what} |"))
    assert unmatched(without, WHATS) == [f"no row: {what}"]
    assert unmatched(README, [other for other in WHATS if other != what]) == [f"no entry: {what}"]


def test_rows_show_the_commands_that_are_run() -> None:
    commands = {row.what: cell_of(each.commands) for each in MEASUREMENTS for row in each.rows if isinstance(row, Row)}
    assert {what: command for what, _, command, _ in figure_rows(README)} == commands


def test_every_place_is_found_once() -> None:
    lines = README.split("\n")
    tables = [(each, row) for each in MEASUREMENTS for row in each.rows if isinstance(row, Table)]
    assert tables
    for measurement, table in tables:
        sentence, _, *printed = lines[table.place(lines)]
        assert sentence.startswith(f"{table.what}, by {cell_of(measurement.commands)} (")
        assert printed[0].startswith("| contender |") and len(printed) > 3
    assert len(WHATS) == len(set(WHATS))
    assert all(len(lines[row.place(lines)]) == 1 for each in MEASUREMENTS for row in each.rows if isinstance(row, Row))


def test_every_figure_that_was_measured_says_when_and_on_what() -> None:
    for what, figure, _, measured in figure_rows(README):
        assert re.fullmatch("" if figure == "not measured yet" else MEASURED, measured), what


@pytest.mark.parametrize("command", COMMANDS)
def test_commands_are_there_and_name_nothing_of_one_machine(command: str) -> None:
    words = machine_form(command)
    folders = {word.split("/")[0] for word in words if "/" in word}
    assert folders <= {"toolkit", "tests", DATA, "networks"}
    if words[0] == "python":
        assert "--json" in (ROOT / words[1]).read_text()
    elif words[0] == "cnnkit":
        found: click.Command = import_module(f"cnnkit.commands.{words[1]}").command
        found.make_parser(click.Context(found)).parse_args(words[2:])
    else:
        assert words == ["make", "test"]


def test_names_choose() -> None:
    names = [measurement.name for measurement in MEASUREMENTS]
    assert len(names) == len(set(names))
    assert [each.name for each in chosen(["startup", "latency"])] == ["latency", "startup"]
    assert {each.name for each in MEASUREMENTS} - {each.name for each in chosen([])} == {
        "training-memory",
        "training-gpu",
    }
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
    ],
)
def test_what_is_missing(name: str, module: str | None, expected: str | None, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("figures.needs._is_there", lambda wanted: wanted != module)
    (measurement,) = chosen([name])
    assert missing(measurement, None) == expected


@pytest.mark.parametrize(
    ("command", "expected"),
    [
        ("cnnkit bench --model a.onnx", "cnnkit bench --model a.onnx --format json"),
        ("cnnkit bench --format markdown", "cnnkit bench --format markdown"),
        ("cnnkit demo", "cnnkit demo"),
        ("python tests/scripts/measure_live.py age", "python tests/scripts/measure_live.py age --json"),
        ("make test", "make test"),
    ],
)
def test_commands_are_run_in_their_machine_form(command: str, expected: str) -> None:
    assert shlex.join(machine_form(command)) == expected
