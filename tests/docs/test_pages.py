"""Every page: its calls can be made, its options exist, its links lead somewhere, its tables are narrow."""

from __future__ import annotations

import re
from pathlib import Path

import click
import pytest
from pages import (
    CONTRIBUTING,
    FIGURES,
    GUIDE,
    PAGES,
    README,
    ROOT,
    RUNNING,
    calls,
    command_named,
    every_option,
    name_of,
    options_in,
    options_of,
    prose,
    slugs,
    table_rows,
    text_of,
    without_own_options,
)

from cnnkit.cli import main

WIDEST = 200  # characters of a row
CALLS = [(name_of(page), call) for page in (README, GUIDE, RUNNING, FIGURES) for call in calls(text_of(page))]
LINKS = [(page, target) for page in PAGES for target in re.findall(r"\]\(([^)\s]+)\)", prose(text_of(page)))]
TARGETS = ("demo", "test", "test-slow", "test-arm", "test-haswell", "bench", "lint")


@pytest.mark.parametrize(("page", "call"), CALLS, ids=[f"{page}: {' '.join(call)}" for page, call in CALLS])
def test_calls_can_be_made(page: str, call: list[str]) -> None:
    name, *words = without_own_options(call)
    command = command_named(name)
    if "--list-archs" in words:  # would list them
        assert "--list-archs" in options_of(command)
        return
    command.make_context(name, words, parent=click.Context(main))


@pytest.mark.parametrize("call", ["predict --fromat csv photos", "bench --model", "tune --search grid photos"])
def test_a_call_that_cannot_be_made_is_noticed(call: str) -> None:
    with pytest.raises(click.UsageError):
        test_calls_can_be_made("a page", call.split())


def test_calls_are_found_behind_pipes_over_several_lines_in_lists_and_in_units() -> None:
    text = """
- a list
  ```console
  $ find . -print0 | cnnkit predict - -0   # a comment
  label
  ```
```console
$ cnnkit bench \\
    --runs 3
$ make test
```
```ini
ExecStart=/opt/bin/cnnkit webcam --headless
```
"""
    assert [" ".join(call) for call in calls(text)] == ["predict - -0", "bench --runs 3", "webcam --headless"]


@pytest.mark.parametrize("page", [README, GUIDE, RUNNING, FIGURES], ids=name_of)
def test_options_that_are_named_exist(page: Path) -> None:
    assert options_in(prose(text_of(page))) - every_option() == set()


@pytest.mark.parametrize(("page", "target"), LINKS, ids=[f"{name_of(page)}: {target}" for page, target in LINKS])
def test_links_lead_somewhere(page: Path, target: str) -> None:
    if target.startswith("https://"):
        return
    path, _, anchor = target.partition("#")
    found = (page.parent / path).resolve() if path else page
    assert found.exists() and found.is_relative_to(ROOT)
    if anchor:
        assert anchor in slugs(text_of(found))


@pytest.mark.parametrize("page", PAGES, ids=name_of)
def test_tables_are_narrow(page: Path) -> None:
    assert [row for row in table_rows(text_of(page)) if len(row) > WIDEST] == []


def test_targets_of_make_that_are_named_exist() -> None:
    makefile = (ROOT / "Makefile").read_text()
    shown = {name for page in PAGES for name in re.findall(r"(?:`|\$ )make ([a-z-]+)", text_of(page))}
    assert shown >= set(TARGETS)
    assert [name for name in sorted(shown) if not re.search(rf"^{name}:", makefile, re.MULTILINE)] == []
    assert all(f"`make {name}" in text_of(CONTRIBUTING) for name in TARGETS if name != "demo")
