"""The README: every command it shows exists with the options it shows, and the short ones print what it says."""

from __future__ import annotations

import re
import shlex
from importlib import import_module
from pathlib import Path

import click
import pytest
from click.testing import CliRunner
from readme_tables import HEAD, figure_rows

from cnnkit.cli import COMMANDS, main

ROOT = Path(__file__).parents[2]
README = (ROOT / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"```console\n(.*?)```", README, flags=re.DOTALL)
LINES = [line[2:].split(" #")[0] for block in BLOCKS for line in block.splitlines() if line.startswith("$ ")]
CALLS = [shlex.split(line)[1:] for line in LINES if line.startswith("cnnkit ")]
# Shown with their whole output, and quick enough to run: their output must be what the README says.
EXACT = ("predict toolkit/examples/cat.jpg --format jsonl --top-k 2", "verify")


def test_every_command_is_shown() -> None:
    assert {call[0] for call in CALLS if call[0] in COMMANDS} == set(COMMANDS)


@pytest.mark.parametrize("call", CALLS, ids=" ".join)
def test_calls_parse(call: list[str]) -> None:
    if call[0].startswith("-"):
        assert CliRunner().invoke(main, call).exit_code == 0
        return
    command: click.Command = import_module(f"cnnkit.commands.{call[0]}").command
    parser = command.make_parser(click.Context(command))
    words = [word for word in call[1:] if not word.startswith(("|", ">"))]
    parser.parse_args(words)


@pytest.mark.parametrize("call", EXACT)
def test_output_is_as_shown(call: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(ROOT)
    (shown,) = re.findall(rf"\$ cnnkit {re.escape(call)}\n(.*?)(?:\n\$|```)", README, flags=re.DOTALL)
    result = CliRunner().invoke(main, shlex.split(call), catch_exceptions=False)
    assert result.exit_code == 0

    def without_last_digits(text: str) -> str:
        # Another CPU may round the last digits otherwise.
        return re.sub(r"(\d\.\d{2})\d+(e-\d+)?", r"\1", text).strip()

    assert without_last_digits(result.stdout) == without_last_digits(shown)


@pytest.mark.parametrize("target", re.findall(r"\]\(([^)#:]+)\)", README))
def test_links_lead_somewhere(target: str) -> None:
    assert (ROOT / target).exists()


def test_the_table_of_figures_names_a_command_in_every_row() -> None:
    lines = README.split("\n## Figures\n", 1)[1].split("\n## ", 1)[0].splitlines()
    assert {lines[index - 1] for index, line in enumerate(lines) if line.startswith("|---")} == {HEAD}
    rows = figure_rows(README)
    assert rows
    assert all(re.fullmatch(r"`[^`]+`(, then `[^`]+`)*", command) for _, _, command, _ in rows)


def test_the_makefile_has_the_commands_that_are_shown() -> None:
    makefile = (ROOT / "Makefile").read_text()
    for name in ("demo", "test", "bench"):
        assert f"make {name}" in README and f"\n{name}:" in makefile
