"""A bench run as rows of text, which the table and the Markdown report both draw."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

from cnnkit.bench.comparison import Comparison
from cnnkit.bench.session import Accuracy, Result, Session
from cnnkit.bench.stages import STAGES
from cnnkit.report.tables import NOTHING, percent, plain_table, print_table
from cnnkit.statistics import enough_runs

Column = tuple[str, Callable[[Result], str]]


@dataclass(frozen=True)
class Grid:
    """A table of text; a heading that begins with ">" is of a right-aligned column."""

    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]


def print_session(session: Session) -> None:
    """Prints a run on stdout: drawn on a terminal, plain elsewhere."""
    import click

    click.echo(machine_line(session))
    for grid in grids(session):
        click.echo()
        print_table(grid.columns, grid.rows)
    click.echo("\n" + "\n".join(notes(session)))


def plain_report(session: Session) -> str:
    """Returns a run as plain text."""
    tables = [plain_table(grid.columns, grid.rows) for grid in grids(session)]
    return "\n\n".join([machine_line(session), *tables, "\n".join(notes(session))]) + "\n"


def grids(session: Session) -> list[Grid]:
    """Returns tables of speed, size, accuracy and ratios, without columns and tables in which nothing is known.

    One wide table would be cut or folded on most terminals.
    """
    tables = [_grid(session, columns) for columns in (_speed(session), _STAGES, _SIZE, _ACCURACY)]
    found = [grid for grid in tables if len(grid.columns) > 1]
    if session.comparisons:
        found.append(Grid(_COMPARISON, tuple(map(_comparison_row, session.comparisons))))
    if session.ratios:
        found.append(Grid(("median latency of", "over that of", ">ratio", ">95 % interval"), _ratio_rows(session)))
    return found


def machine_line(session: Session) -> str:
    """Returns what was measured on."""
    machine = session.machine
    versions = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    cores = f"{machine.cores or 'unknown'} cores, {machine.threads} threads"
    return f"{machine.cpu} ({cores}), {machine.os}, Python {machine.python}, {versions}"


def notes(session: Session) -> list[str]:
    """Returns what must be known to read the figures."""
    lines = [
        f"batch 1 in {session.rounds} rounds, the contenders in turns, each in a process of its own; random images",
    ]
    if any(None in vars(result.latency_ms).values() for result in session.results):
        rule = ", ".join(f"p{q} takes {enough_runs(q)}" for q in (50, 90, 99))
        lines.append(f"a percentile that is left out has too few runs: {rule}")
    if any(result.stages_ms for result in session.results):
        lines.append(f"stages: medians, from {session.options.photo.name} as a file in memory to its label")
    if session.images is not None:
        lines.append(f"top-1 with 95 % Wilson intervals on {session.images:,} images")
    if session.comparisons:
        lines.append("right alone: the contender : the other, in images; p: McNemar's exact test of equal accuracy")
    return [*lines, *(f"disturbed: {sentence}" for sentence in session.disturbances)]


def duration(ms: float | None) -> str:
    """Returns milliseconds with three significant digits."""
    return NOTHING if ms is None else significant(ms)


def significant(value: float) -> str:
    """Returns a number with three significant digits, without an exponent."""
    digits = 2 - math.floor(math.log10(abs(value))) if value else 0
    return f"{round(value, digits):,.{max(0, digits)}f}"


def size(count: int | None) -> str:
    """Returns bytes in decimal units."""
    if count is None:
        return NOTHING
    return f"{significant(count / 1e6)} MB" if count >= 1e6 else f"{significant(count / 1e3)} kB"


def _accuracy(accuracy: Accuracy | None) -> str:
    if accuracy is None:
        return NOTHING
    return f"{percent(accuracy.top1)} ({accuracy.low * 100:.2f}-{accuracy.high * 100:.2f})"


def _speed(session: Session) -> tuple[Column, ...]:
    return (
        (">p50 ms", lambda result: duration(result.latency_ms.p50)),
        (">p90 ms", lambda result: duration(result.latency_ms.p90)),
        (">p99 ms", lambda result: duration(result.latency_ms.p99)),
        (">runs", lambda result: f"{result.latency_ms.n:,}"),
        (f">images/s, batch {session.options.batch_size}", lambda result: significant(result.images_per_s)),
    )


_SIZE: tuple[Column, ...] = (
    ("precision", lambda result: result.precision),
    ("runtime", lambda result: result.runtime),
    (">threads", lambda result: "default" if result.threads is None else str(result.threads)),
    (">size", lambda result: size(result.size_bytes)),
    (">peak memory", lambda result: size(result.peak_memory_bytes)),
)
_STAGES: tuple[Column, ...] = tuple(
    (f">{stage} ms", lambda result, stage=stage: duration((result.stages_ms or {}).get(stage)))  # type: ignore[misc]
    for stage in STAGES
)
_ACCURACY: tuple[Column, ...] = (
    (">top-1", lambda result: _accuracy(result.accuracy)),
    (">macro F1", lambda result: percent(None if result.accuracy is None else result.accuracy.macro_f1)),
    (">same label as original", lambda result: percent(result.agreement_with_original)),
)


_COMPARISON = ("contender", "beside", ">same label", ">top-1 lost", ">right alone", ">p")


def _comparison_row(found: Comparison) -> tuple[str, ...]:
    agreement, drop = found.agreement, found.accuracy_drop
    return (
        found.contender,
        found.reference,
        f"{percent(agreement.value)} ({agreement.low * 100:.2f}-{agreement.high * 100:.2f})",
        f"{drop.value * 100:.2f} points ({drop.low * 100:.2f} to {drop.high * 100:.2f})",
        f"{found.only_contender_right} : {found.only_reference_right}",
        f"{found.p_value:.2g}",
    )


def _grid(session: Session, columns: Sequence[Column]) -> Grid:
    drawn = [(heading, [cell(result) for result in session.results]) for heading, cell in columns]
    known = [(heading, cells) for heading, cells in drawn if set(cells) != {NOTHING}]
    names = [result.name for result in session.results]
    rows = zip(names, *(cells for _, cells in known), strict=True)
    return Grid(("contender", *(heading for heading, _ in known)), tuple(rows))


def _ratio_rows(session: Session) -> tuple[tuple[str, ...], ...]:
    return tuple(
        (
            ratio.numerator,
            ratio.denominator,
            significant(ratio.ratio.value),
            f"{significant(ratio.ratio.low)}-{significant(ratio.ratio.high)}",
        )
        for ratio in session.ratios
    )
