"""Bench runs of several machines as text, in each of the formats."""

from __future__ import annotations

from dataclasses import asdict

from cnnkit.bench.judging import MachineComparison, OnMachine
from cnnkit.bench.report.csv_text import csv_text
from cnnkit.bench.report.grids import Grid
from cnnkit.bench.report.markdown_text import markdown_table
from cnnkit.bench.report.notes import machine_line
from cnnkit.bench.report.numbers import duration, significant, spread
from cnnkit.bench.report.writing import Format
from cnnkit.report import NOTHING, percent, plain_table, printable, to_json

_COLUMNS = (
    "contender", "run", ">p50 ms", ">95 % interval", ">times the first", ">bounds", ">images/s", ">batch", ">threads",
    ">top-1",
)  # fmt: skip


def machines_report(found: MachineComparison, style: Format) -> str:
    """Returns the runs side by side."""
    if style == "json":
        return to_json(asdict(found), indent=2) + "\n"
    if style == "csv":
        return _csv(found)
    lines = [f"{run}: {machine_line(machine)}" for run, machine in found.machines.items()]
    lines = [printable(line) for line in (*lines, *found.missing)]
    grid = Grid(_COLUMNS, tuple(map(_cells, found.rows)))
    if style == "markdown":
        return "\n\n".join([markdown_table(grid), "\n".join(f"- {line}" for line in lines)]) + "\n"
    return "\n\n".join([plain_table(grid.columns, grid.rows), "\n".join(lines)]) + "\n"


def _cells(row: OnMachine) -> tuple[str, ...]:
    ratio = row.times_first
    return (
        row.contender,
        row.run,
        duration(row.p50_ms),
        NOTHING if row.low_ms is None or row.high_ms is None else spread((row.low_ms, row.high_ms)),
        NOTHING if ratio is None else significant(ratio.value),
        NOTHING if ratio is None else spread((ratio.low, ratio.high)),
        NOTHING if row.images_per_s is None else significant(row.images_per_s),
        str(row.batch_size),
        "default" if row.threads is None else str(row.threads),
        percent(row.top1),
    )


def _csv(found: MachineComparison) -> str:
    rows = []
    for row in found.rows:
        fields = asdict(row)
        ratio = fields.pop("times_first") or {"value": None, "low": None, "high": None}
        rows.append({**fields, **{f"times_first_{name}": value for name, value in ratio.items()}})
    return csv_text(rows)
