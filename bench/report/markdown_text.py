"""A bench run as Markdown, for a README or an issue."""

from __future__ import annotations

import re

from cnnkit.bench.report.grids import Grid, grids
from cnnkit.bench.report.notes import machine_line, notes
from cnnkit.bench.session import Session
from cnnkit.report import printable


def markdown_report(session: Session) -> str:
    """Returns a run as Markdown tables."""
    tables = [markdown_table(grid) for grid in grids(session)]
    remarks = "\n".join(f"- {_escape(note)}" for note in (machine_line(session.machine), *notes(session)))
    return "\n\n".join([*tables, remarks]) + "\n"


def markdown_table(grid: Grid) -> str:
    """Returns a table as Markdown."""
    rule = ["---:" if column.startswith(">") else "---" for column in grid.columns]
    headings = [_escape(column.removeprefix(">")) for column in grid.columns]
    rows = [headings, rule, *([_escape(cell) for cell in row] for row in grid.rows)]
    return "\n".join(f"| {' | '.join(row)} |" for row in rows)


def _escape(text: str) -> str:
    """Keeps names as they are: no markup, no links and no pictures from elsewhere."""
    return re.sub(r"([\\|*_\[\]`])", r"\\\1", printable(text)).replace("<", "&lt;")
