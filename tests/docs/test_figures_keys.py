"""The commands of every figure stand once, beside its key."""

from __future__ import annotations

import re
import shlex

import pytest
from figures.figure import FigureError, Measurement
from figures.keys import commands_by_key, with_keys
from figures.registry import MEASUREMENTS
from pages import FIGURES, blocks, sections, text_of

PAGE = text_of(FIGURES)
LONG = (
    "cnnkit bench --threads 1 --model networks/one.int8.onnx --compare networks/one.onnx "
    "--original networks/one.keras --runs 3"
)
SHORT = Measurement("short", ("cnnkit demo",), (), minutes=0.5)
NEEDY = Measurement("needy", (LONG, "make test"), (), 75, ("litert", "openvino"), ("jax",), on_request=True)


def test_the_list_of_keys_is_that_of_the_registry() -> None:
    assert with_keys(PAGE, MEASUREMENTS) == PAGE, "make bench FIGURES=--keys writes it"


def test_the_commands_are_those_that_are_run() -> None:
    (block,) = blocks(sections(PAGE)["Keys"], "console")
    found = {}
    for paragraph in block.split("\n\n"):
        key = re.match(r"# ([\w-]+): about", paragraph)
        assert key is not None
        commands = paragraph.replace("\\\n", " ").splitlines()[1:]
        found[key[1]] = tuple(shlex.join(shlex.split(command)[1:]) for command in commands)
    assert found == {each.name: each.commands for each in MEASUREMENTS}


def test_no_table_holds_a_command() -> None:
    commands = {command for each in MEASUREMENTS for command in each.commands} - {"cnnkit demo"}  # which is measured
    rows = [line for line in PAGE.splitlines() if line.startswith("|")]
    assert [row for row in rows if any(f"`{command}`" in row for command in commands)] == []


def test_a_key_says_what_it_takes() -> None:
    assert commands_by_key((SHORT, NEEDY)) == (
        "# short: about 0.5 min\n"
        "$ cnnkit demo\n"
        "\n"
        "# needy: about 75 min, needs the extras litert and openvino, needs jax, only when named\n"
        "$ cnnkit bench --threads 1 --model networks/one.int8.onnx --compare networks/one.onnx \\\n"
        "    --original networks/one.keras --runs 3\n"
        "$ make test"
    )


def test_only_the_list_is_replaced() -> None:
    page = "a\n\n## Keys\n\nb\n\n```console\n# old: about 1 min\n```\n\n```console\nc\n```\n"
    assert with_keys(page, (SHORT,)) == page.replace("# old: about 1 min", "# short: about 0.5 min\n$ cnnkit demo")
    for other in ("a\n", page.replace("Keys", "Key"), page.split("```")[0]):
        with pytest.raises(FigureError, match="no block of commands below the heading Keys"):
            with_keys(other, (SHORT,))
