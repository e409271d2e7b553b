"""A bench run as plain text, or drawn on a terminal."""

from __future__ import annotations

from cnnkit.bench.report.grids import grids
from cnnkit.bench.report.notes import machine_line, notes
from cnnkit.bench.session import Session
from cnnkit.report import plain_table, print_table


def print_session(session: Session) -> None:
    """Prints a run on stdout: drawn on a terminal, plain elsewhere."""
    import click

    click.echo(machine_line(session.machine))
    for grid in grids(session):
        click.echo()
        print_table(grid.columns, grid.rows)
    click.echo("\n" + "\n".join(notes(session)))


def plain_report(session: Session) -> str:
    """Returns a run as plain text."""
    tables = [plain_table(grid.columns, grid.rows) for grid in grids(session)]
    return "\n\n".join([machine_line(session.machine), *tables, "\n".join(notes(session))]) + "\n"
