"""The tables of figures in the README."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).parents[2]
HEAD = "| what | figure | command | measured |"


def figure_rows(text: str) -> list[list[str]]:
    """Returns the cells of every row below a head of such a table."""
    rows, inside = [], False
    for line in text.splitlines():
        inside = line == HEAD or (inside and line.startswith("|"))
        if inside and line != HEAD and not line.startswith("|---"):
            rows.append([cell.strip() for cell in line.removeprefix("|").removesuffix("|").split(" | ")])
    return rows
