"""The guide: a section a command, in which every option of the command is said, or in one that it leads to."""

from __future__ import annotations

import re

import pytest
from pages import GUIDE, calls, command_named, options_in, options_of, sections, slug, table_rows, text_of

from cnnkit.cli import COMMANDS

SECTIONS = {slug(heading): text for heading, text in sections(text_of(GUIDE)).items()}
SHARED = ("shared-options", "models-from-elsewhere", "passwords-of-cameras")


def said_in(name: str) -> set[str]:
    """The options in a section of the guide, and in those that it leads to."""
    others = re.findall(r"\]\(#([\w-]+)\)", SECTIONS[name])
    return set().union(*(options_in(SECTIONS[section]) for section in (name, *others)))


def test_every_command_has_a_section_with_an_example() -> None:
    assert set(SECTIONS) == {*COMMANDS, *SHARED}
    assert {name for name in COMMANDS if name not in {call[0] for call in calls(SECTIONS[name])}} == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_every_option_is_said(name: str) -> None:
    wanted = {option for option in options_of(command_named(name)) if option.startswith("--")}
    assert wanted - said_in(name) == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_options_in_the_tables_of_a_command_are_its_own(name: str) -> None:
    first_cells = " ".join(row.split("|")[1] for row in table_rows(SECTIONS[name]))
    assert options_in(first_cells) - options_of(command_named(name)) == set()


def test_an_option_that_is_missing_is_noticed() -> None:
    assert "--watchdog" in said_in("webcam") and "--watchdog" not in said_in("predict")
    assert "--labels" in said_in("predict") and "--labels" not in said_in("verify")
