"""A bench run as plain text, or drawn on a terminal."""

from __future__ import annotations

from cnnkit.bench.report.grids import grids
from cnnkit.bench.report.notes import machine_line, notes
from cnnkit.bench.session import Session
from cnnkit.report import plain_table, print_table, printable
from cnnkit.system import print_text


def print_session(session: Session) -> None:
    """Prints a run on stdout: drawn on a terminal, plain elsewhere."""
    print_text(printable(machine_line(session.machine)))
    for grid in grids(session):
        print_text()
        print_table(grid.columns, grid.rows)
    print_text("\n" + _remarks(session))


def plain_report(session: Session) -> str:
    """Returns a run as plain text."""
    tables = [plain_table(grid.columns, grid.rows) for grid in grids(session)]
    return "\n\n".join([printable(machine_line(session.machine)), *tables, _remarks(session)]) + "\n"


def _remarks(session: Session) -> str:
    return "\n".join(map(printable, notes(session)))
