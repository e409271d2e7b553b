"""Measures the figures of bench/FIGURES.md, and writes them into it and into the README, with date and machine.

    make bench                                 # all of them; or python tests/scripts/write_figures.py
    make bench FIGURES='latency startup'       # some, by their keys
    make bench FIGURES=--list                  # the keys, what they need, and about how long they take
    make bench FIGURES=--keys                  # measures nothing: writes the list of keys and commands anew

Each row is written as soon as it is measured, so that an interruption loses nothing. A figure that cannot be measured
here, or whose command fails, is named on stderr, and its row stays as it was. The list of keys and commands is written
first, each time. The exit code is 1 where a command failed or a figure that was named cannot be measured, and 2 where
there is none of that key.
"""

from __future__ import annotations

import argparse
import signal
import sys
import tempfile
import time
from collections.abc import Sequence
from datetime import date
from pathlib import Path

import click
from figures.figure import FigureError, Measurement
from figures.needs import data_folder, missing
from figures.registry import chosen
from figures.running import Runner
from figures.writing import Page, check_places, measured_on, write_figures, write_keys

from cnnkit.errors import OutputError
from cnnkit.machine import describe_machine

ROOT = Path(__file__).resolve().parents[2]
PAGES = (Page(ROOT / "bench" / "FIGURES.md"), Page(ROOT / "README.md", complete=False))


def measure(measurement: Measurement, runner: Runner, pages: Sequence[Page]) -> None:
    """Runs the commands of a measurement, and writes its figures.

    Raises:
        FigureError: A command failed or printed something else than it promises, or a row is not on a page.
    """
    check_places(pages, measurement)
    outputs = [runner.run(command, at_home=measurement.at_home) for command in measurement.commands]
    write_figures(pages, measurement, outputs[-1], measured_on(date.today(), describe_machine()))


def measure_all(
    measurements: list[Measurement], runner: Runner, pages: Sequence[Page], data: Path | None
) -> tuple[int, int]:
    """Measures what can be measured here, and returns how many could not, and how many failed."""
    left_out = failed = 0
    for measurement in measurements:
        reason = missing(measurement, data)
        if reason:
            left_out += 1
            click.echo(f"{measurement.name}: not measured, {reason}", err=True)
            continue
        click.echo(f"{measurement.name}: about {measurement.minutes:g} min", err=True)
        start = time.monotonic()
        try:
            measure(measurement, runner, pages)
        except FigureError as error:
            failed += 1
            click.echo(f"{measurement.name}: the figures stay as they were, for {error}", err=True)
        else:
            click.echo(f"{measurement.name}: written, {time.monotonic() - start:.0f} s", err=True)
    return left_out, failed


def in_a_folder(measurements: list[Measurement], pages: Sequence[Page], data: Path | None) -> tuple[int, int]:
    """Measures in a temporary folder; returns how many could not be measured, and how many failed."""
    with tempfile.TemporaryDirectory(prefix="cnnkit-figures-") as work:
        return measure_all(measurements, Runner(ROOT, Path(work), data), pages, data)


def list_figures(measurements: list[Measurement], data: Path | None) -> None:
    """Prints keys, minutes, what is missing, and what is measured."""
    for measurement in measurements:
        notes = [f"{measurement.minutes:g} min"]
        notes += ["only when named"] if measurement.on_request else []
        notes += [f"cannot run here: {reason}"] if (reason := missing(measurement, data)) else []
        click.echo(f"{measurement.name} ({'; '.join(notes)})")
        for row in measurement.rows:
            click.echo(f"    {row.what}")


def main(arguments: list[str], pages: Sequence[Page] = PAGES) -> int:
    """Measures and writes; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("names", nargs="*", help="keys of figures  [default: all but those that take hours]")
    parser.add_argument("--list", action="store_true", help="list them, and measure nothing")
    parser.add_argument("--keys", action="store_true", help="write the keys with their commands, and measure nothing")
    options = parser.parse_args(arguments)
    try:
        measurements = chosen(options.names)
    except FigureError as error:
        click.echo(f"write_figures.py: {error}", err=True)
        return 2
    data = data_folder()
    if options.list:
        list_figures(measurements if options.names else chosen([], on_request=True), data)
        return 0
    try:
        write_keys(pages, chosen([], on_request=True))
        left_out, failed = (0, 0) if options.keys else in_a_folder(measurements, pages, data)
    except KeyboardInterrupt:
        click.echo("interrupted: what was measured before is written", err=True)
        return 130
    except (FigureError, OutputError) as error:
        click.echo(f"write_figures.py: {error}", err=True)
        return 1
    return int(failed > 0 or (left_out > 0 and bool(options.names)))


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what runs as well
    sys.exit(main(sys.argv[1:]))
