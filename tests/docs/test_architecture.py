"""ARCHITECTURE.md: its table of rooms is what the folders are, and every path it names is there."""

from __future__ import annotations

import ast
import re

import pytest
from count_rooms import ROOT, module_files, rooms

MODULES = module_files()
TEXT = (ROOT / "ARCHITECTURE.md").read_text(encoding="utf-8")
WAYS = TEXT.split("## The way of one image")[1].split("## ")[0]


def test_the_table_of_rooms_is_what_the_folders_are() -> None:
    listed = dict(re.findall(r"^\| `([a-z_/]+)/` \| (.+) \|$", TEXT.split("## The way")[0], flags=re.MULTILINE))
    found = {MODULES[room].parent.relative_to(ROOT).as_posix(): MODULES[room] for room in rooms(MODULES) - {"cnnkit"}}
    assert listed == {name: ast.get_docstring(ast.parse(path.read_text())) for name, path in found.items()}


@pytest.mark.parametrize("path", sorted(set(re.findall(r"`((?:toolkit|train|export|bench|tests)/[\w/.]*)`", TEXT))))
def test_paths_are_there(path: str) -> None:
    assert (ROOT / path).exists()


@pytest.mark.parametrize("module", sorted(set(re.findall(r"`([a-z_0-9]+/[a-z_0-9]+)`", WAYS))))
def test_modules_on_the_way_are_there(module: str) -> None:
    through_toolkit = WAYS.split("Through `cnnkit train")[0]
    folders = [ROOT / "toolkit"] if f"`{module}`" in through_toolkit else [ROOT / "toolkit", ROOT / "train"]
    assert any((folder / f"{module}.py").exists() for folder in folders)


def test_it_stays_a_page() -> None:
    assert len(TEXT.splitlines()) <= 120
