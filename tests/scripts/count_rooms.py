"""Counts the rooms of cnnkit, the loose modules beside them, and the arrows between rooms at the top, over all imports.

    python tests/scripts/count_rooms.py
    python tests/scripts/count_rooms.py --json

A room is a folder with modules; at the top a loose module counts as one of its own. There is an arrow from one room to
another when a module of the first imports anything of the second, at its head, in a function or for its types alone.
"""

from __future__ import annotations

import argparse
import ast
import json
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import click

ROOT = Path(__file__).resolve().parents[2]
FOLDERS = {"toolkit": "cnnkit", "train": "cnnkit.train", "export": "cnnkit.export", "bench": "cnnkit.bench"}
NO_ROOMS = ("cnnkit", "cnnkit.__main__")  # the package itself, and what starts it


@dataclass(frozen=True)
class Import:
    """One imported name, or one imported module."""

    importer: str  # module
    target: str  # module or room that is named, such as "cnnkit.images"
    name: str | None  # what is taken from it; None where it is taken whole
    line: int


def module_files(root: Path = ROOT) -> dict[str, Path]:
    """Returns module or room -> its file, of all four packages."""
    found = {}
    for folder, package in FOLDERS.items():
        for path in sorted((root / folder).rglob("*.py")):
            parts = path.relative_to(root / folder).with_suffix("").parts
            found[".".join([package, *(part for part in parts if part != "__init__")])] = path
    return found


def rooms(modules: dict[str, Path]) -> set[str]:
    return {name for name, path in modules.items() if path.name == "__init__.py"}


def room_of(module: str, modules: dict[str, Path]) -> str:
    """Returns the room in which a module stands; of a room itself, that room."""
    return module if module in rooms(modules) else module.rpartition(".")[0]


def imports(modules: dict[str, Path]) -> Iterator[Import]:
    """Gives every import of something of cnnkit."""
    for importer, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                yield from (Import(importer, item.name, None, node.lineno) for item in node.names if _ours(item.name))
            elif isinstance(node, ast.ImportFrom) and node.module and _ours(node.module):
                for item in node.names:
                    whole = f"{node.module}.{item.name}"
                    target, name = (whole, None) if whole in modules else (node.module, item.name)
                    yield Import(importer, target, name, node.lineno)


def _ours(name: str) -> bool:
    return name.partition(".")[0] == "cnnkit"


def top(module: str) -> str:
    """Returns the room or loose module at the top: "cnnkit.images" of "cnnkit.images.jpeg"."""
    return ".".join(module.split(".")[:2])


def arrows(modules: dict[str, Path]) -> set[tuple[str, str]]:
    """Returns who imports of whom, at the top."""
    pairs = {(top(each.importer), top(each.target)) for each in imports(modules)}
    return {(start, end) for start, end in pairs if start != end and not {start, end} & set(NO_ROOMS)}


def loose_modules(folder: str, root: Path = ROOT) -> list[str]:
    """Returns the modules of one of the four folders that stand in no room."""
    return sorted(path.stem for path in (root / folder).glob("*.py") if path.stem not in ("__init__", "__main__"))


def count(root: Path = ROOT) -> dict[str, object]:
    """Returns the counts; see the head of this file."""
    modules = module_files(root)
    return {
        "rooms_at_the_top": len({top(name) for name in modules} - set(NO_ROOMS)),
        "arrows_at_the_top": len(arrows(modules)),
        "loose_modules": {folder: len(loose_modules(folder, root)) for folder in FOLDERS},
    }


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--json", action="store_true", help="as JSON")
    counts = count()
    if parser.parse_args().json:
        click.echo(json.dumps(counts))
        return
    for name, value in counts.items():
        click.echo(f"{name.replace('_', ' ')}: {value}")


if __name__ == "__main__":
    main()
