"""The rooms: each says what it is for and hands on what others use of it, and nobody reaches past its face."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from importlib import import_module

import pytest
from count_rooms import FOLDERS, ROOT, Import, count, imports, loose_modules, module_files, room_of, rooms

MODULES = module_files()
ROOMS = sorted(rooms(MODULES) - {"cnnkit"})
IMPORTS = list(imports(MODULES))


def inside(module: str, room: str) -> bool:
    return room_of(module, MODULES) == room or module.startswith(f"{room}.")


def handed_on(room: str) -> dict[str, str]:
    """Returns name -> module or room within, as the map of a room's `hand_on` has it."""
    calls = [node for node in ast.walk(tree_of(room)) if isinstance(node, ast.Call) and len(node.args) == 2]
    maps = [ast.literal_eval(call.args[1]) for call in calls]
    return {name: f"{room}.{module}" for each in maps for module, names in each.items() for name in names}


def typed(room: str) -> dict[str, str]:
    """Returns the same as type checkers see it."""
    blocks = [node for node in tree_of(room).body if isinstance(node, ast.If)]
    lines = [line for block in blocks for line in block.body if isinstance(line, ast.ImportFrom)]
    return {item.asname or "": line.module or "" for line in lines for item in line.names}


def tree_of(room: str) -> ast.Module:
    return ast.parse(MODULES[room].read_text(encoding="utf-8"))


@pytest.mark.parametrize("room", ROOMS)
def test_a_room_says_in_one_sentence_what_it_is_for(room: str) -> None:
    said = ast.get_docstring(tree_of(room)) or ""
    assert said.endswith(".") and "\n" not in said and ". " not in said


@pytest.mark.parametrize("room", ROOMS)
def test_a_face_hands_on_what_it_declares(room: str) -> None:
    assert handed_on(room) == typed(room)
    face = import_module(room)
    for name in handed_on(room):
        assert getattr(face, name) is not None
        assert f"{room}.{name}" not in MODULES, "the module of that name would hide it"
    with pytest.raises(AttributeError, match="nothing_of_that_name"):
        _ = face.nothing_of_that_name


def test_names_that_nobody_else_uses_are_not_handed_on() -> None:
    used = {(each.target, each.name) for each in IMPORTS if not inside(each.importer, each.target)}
    assert {(room, name) for room in ROOMS for name in handed_on(room)} - used == set()


def past_a_face() -> Iterator[Import]:
    for each in IMPORTS:
        if not inside(each.importer, room_of(each.target, MODULES)):
            yield from () if each.target in ROOMS and each.name is not None else (each,)


def test_nobody_reaches_past_a_face() -> None:
    assert [f"{each.importer}, line {each.line}: {each.target}" for each in past_a_face()] == []


def test_what_stays_loose() -> None:
    assert loose_modules("toolkit") == ["classifier", "cli", "errors"]
    assert loose_modules("train") == ["devices", "progress", "results"]
    counts = count()
    assert counts["rooms_at_the_top"] <= 28 and counts["arrows_at_the_top"] <= 135


def test_tests_stand_where_the_modules_stand() -> None:
    for folder in FOLDERS:
        tests = ROOT / "tests" / folder
        strangers = {path.parent.relative_to(tests) for path in tests.rglob("test_*.py")}
        assert [each for each in strangers if not (ROOT / folder / each / "__init__.py").exists()] == []
