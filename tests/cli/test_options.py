"""All options of all commands side by side: one name, one meaning, and help that can be read."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator

import click
import pytest
from click.testing import CliRunner

from cnnkit.cli import COMMANDS, main

# Where one name takes different values: what makes them differ.
DIFFER = {
    "--batch-size": "a recipe's number in train, crossval and tune",
    "--color": "what a network is trained on has no order of channels",
    "--every": "0 is each frame of a camera",
    "--format": "each command has formats of its own",
    "--size": "networks are trained on squares",
    "--tta": "evaluate names the way, since it may have more",
}


def options() -> Iterator[tuple[str, click.Option]]:
    context = click.Context(main)
    for name in COMMANDS:
        command = main.get_command(context, name)
        assert command is not None
        yield from ((name, option) for option in command.params if isinstance(option, click.Option))


def kind(option: click.Option) -> object:
    value = option.type
    what = repr(value) if isinstance(value, click.Choice | click.IntRange | click.FloatRange) else value.name
    return what, option.is_flag


def test_an_option_takes_the_same_wherever_a_command_has_it() -> None:
    kinds = defaultdict(set)
    for _, option in options():
        for flag in option.opts:
            kinds[flag].add(kind(option))
    differing = {flag for flag, found in kinds.items() if len(found) > 1}
    assert differing == set(DIFFER)


def test_a_short_option_means_the_same_everywhere() -> None:
    long = defaultdict(set)
    for _, option in options():
        for short in (flag for flag in option.opts if not flag.startswith("--")):
            long[short].add(next(flag for flag in option.opts if flag.startswith("--")))
    assert long == {"-o": {"--output", "--out"}, "-m": {"--model"}, "-s": {"--source"}, "-0": {"--null"}}


def test_what_is_made_is_named_with_o_in_every_command() -> None:
    assert [
        name for name, option in options() if {"--out", "--output"} & {*option.opts} and "-o" not in option.opts
    ] == []


@pytest.mark.parametrize("name", COMMANDS)
def test_help_says_what_each_option_is_for_in_80_columns(name: str) -> None:
    silent = [option.opts[0] for command, option in options() if command == name and not (option.help or "").strip("[")]
    assert silent == []
    bare = [option.opts[0] for command, option in options() if command == name and (option.help or "").startswith("[")]
    assert bare == []
    text = CliRunner(env={"COLUMNS": "80"}).invoke(main, [name, "--help"]).output
    assert max(map(len, text.splitlines())) <= 80
