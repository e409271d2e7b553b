"""The pages of the repository, and what tests take out of them: calls, options, sections, tables."""

from __future__ import annotations

import re
import shlex
import textwrap
from collections.abc import Iterator
from itertools import chain, groupby
from pathlib import Path

import click

from cnnkit.cli import COMMANDS, main

ROOT = Path(__file__).resolve().parents[2]
README, GUIDE, FIGURES, RUNNING, CONTRIBUTING = (
    ROOT / name
    for name in (
        "README.md",
        "toolkit/commands/GUIDE.md",
        "bench/FIGURES.md",
        "toolkit/live/RUNNING.md",
        "CONTRIBUTING.md",
    )
)
FOLDERS = ("toolkit", "train", "export", "bench")
PAGES = sorted({*ROOT.glob("*.md"), *chain.from_iterable((ROOT / folder).rglob("*.md") for folder in FOLDERS)})
HEAD = "| what | figure | key | measured |"
_BLOCK = re.compile(r"^ *```(\w*)\n(.*?)^ *```$", re.DOTALL | re.MULTILINE)
_OPTION = re.compile(r"(?<![\w=-])--[a-z][a-z0-9-]*")


def text_of(page: Path) -> str:
    return page.read_text(encoding="utf-8")


def name_of(page: Path) -> str:
    """Returns the path of a page as tests are named by it."""
    return page.relative_to(ROOT).as_posix()


def blocks(text: str, language: str) -> list[str]:
    """Returns the blocks of code in a language."""
    return [textwrap.dedent(body) for found, body in _BLOCK.findall(text) if found == language]


def prose(text: str) -> str:
    """Returns a page without its blocks of code."""
    return _BLOCK.sub("", text)


def calls(text: str) -> list[list[str]]:
    """Returns the words behind `cnnkit` of every call that a page shows, those behind a pipe and in a unit as well."""
    lines = "".join(blocks(text, "console")).replace("\\\n", " ").splitlines()
    shown = [line[2:] for line in lines if line.startswith("$ ")]
    units = re.findall(r"^ExecStart=\S+/(cnnkit .*)$", "".join(blocks(text, "ini")), re.MULTILINE)
    words = chain.from_iterable(_commands(shlex.split(line, comments=True)) for line in (*shown, *units))
    return [call[1:] for call in words if call[0] == "cnnkit"]


def _commands(words: list[str]) -> Iterator[list[str]]:
    for is_pipe, command in groupby(words, lambda word: word == "|"):
        if not is_pipe:
            yield list(command)


def without_own_options(call: list[str]) -> list[str]:
    """Returns a call from its command on: what stands before it are options of cnnkit itself."""
    own = options_of(main)
    start = next((index for index, word in enumerate(call) if word not in own), len(call))
    return call[start:]


def command_named(name: str) -> click.Command:
    command = main.get_command(click.Context(main), name)
    assert command is not None, f"no command {name}"
    return command


def options_of(command: click.Command) -> set[str]:
    """Returns all options of a command, short ones and those that say no as well."""
    options = [parameter for parameter in command.params if isinstance(parameter, click.Option)]
    return {name for option in options for name in (*option.opts, *option.secondary_opts)}


def every_option() -> set[str]:
    """Returns the options of all commands."""
    return set(chain.from_iterable(map(options_of, (main, *map(command_named, COMMANDS))))) | {"--help"}


def options_in(text: str) -> set[str]:
    """Returns the long options that a text names."""
    return set(_OPTION.findall(text))


def sections(text: str) -> dict[str, str]:
    """Returns the text below each heading of the second level, by the heading."""
    parts = re.split(r"^## (.+)$", text, flags=re.MULTILINE)
    return dict(zip(parts[1::2], parts[2::2], strict=True))


def slug(heading: str) -> str:
    """Returns how a link names a heading."""
    return re.sub(r"[^\w -]", "", heading.lower()).strip().replace(" ", "-")


def slugs(text: str) -> set[str]:
    return {slug(heading) for heading in re.findall(r"^#+ (.+)$", prose(text), flags=re.MULTILINE)}


def table_rows(text: str) -> list[str]:
    """Returns all lines of tables."""
    return [line for line in prose(text).splitlines() if line.lstrip().startswith("|")]


def figure_rows(text: str) -> list[list[str]]:
    """Returns the cells of every row below a head of a table of figures."""
    rows, inside = [], False
    for line in text.splitlines():
        inside = line == HEAD or (inside and line.startswith("|"))
        if inside and line != HEAD and not line.startswith("|---"):
            rows.append([cell.strip() for cell in line.removeprefix("|").removesuffix("|").split(" | ")])
    return rows
