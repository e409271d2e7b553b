"""A table of finished trainings, from their run folders alone.

    python -m cnnkit.train.results runs/* --output RESULTS.md

Runs on other images or of another number of epochs stand apart: within one table all figures can be compared.
"""

from __future__ import annotations

import sys
from collections.abc import Sequence
from itertools import groupby
from pathlib import Path

import click

from cnnkit.errors import CnnkitError, DataError
from cnnkit.system import print_text, write_text
from cnnkit.train.recipes import published_figure
from cnnkit.train.runs import FinishedRun, read_run

_HEADINGS = (
    "| network | parameters | multiply-adds | training images/s | top-1 | 95 % interval | published, on other data |",
    "|---|---:|---:|---:|---:|---|---|",
)
_NOTE = (
    "Published figures are of the original CIFAR-10 and of longer trainings, most of them: they stand there to be "
    "recognised, not to be compared. On a lossy copy every network does worse."
)


def results_text(runs: Sequence[FinishedRun]) -> str:
    """Returns Markdown: a heading and a table for all runs on the same images with the same number of epochs."""

    def group(run: FinishedRun) -> tuple[str, str, int, str]:
        return run.data, run.fingerprint, -run.epochs, run.trained_on

    parts = [_part(list(members)) for _, members in groupby(sorted(runs, key=group), key=group)]
    return "\n".join(["# Results", "", _NOTE, "", *parts])


def _part(runs: list[FinishedRun]) -> str:
    first, ordered = runs[0], sorted(runs, key=lambda run: -run.top1)
    images = ", ".join(f"{count:,} {split}" for split, count in first.images.items())
    lines = [
        f"## {first.data}, {first.epochs} epochs",
        "",
        f"{images} images; accuracy on {first.measured:,} {first.split} images, of the epoch that each recipe keeps. "
        f"Trained on: {first.trained_on or 'not recorded'}.",
        "",
        *_HEADINGS,
        *map(_row, ordered),
        "",
        "```console",
        *(f"$ {run.command}" for run in ordered),
        "```",
        "",
    ]
    return "\n".join(lines)


def _row(run: FinishedRun) -> str:
    cells = (
        _network(run),
        f"{run.parameters:,}",
        f"{run.multiply_adds / 1e6:,.1f} M",
        f"{run.images_per_s:,.0f}",
        f"{100 * run.top1:.2f} %",
        f"{100 * run.low:.2f} to {100 * run.high:.2f}",
        published_figure(run.architecture, run.recipe, run.labels),
    )
    return f"| {' | '.join(cells)} |"


def _network(run: FinishedRun) -> str:
    name = run.architecture if run.recipe == run.architecture else f"{run.architecture}, recipe {run.recipe}"
    return name if run.trained == run.epochs else f"{name}, stopped after {run.trained} epochs"


def _read_all(folders: Sequence[Path]) -> tuple[list[FinishedRun], list[DataError]]:
    runs, failures = [], []
    for folder in folders:
        try:
            runs.append(read_run(folder))
        except DataError as failure:
            failures.append(failure)
    return runs, failures


@click.command()
@click.argument("folders", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A Markdown file  [default: stdout].")
def main(folders: tuple[Path, ...], output: Path | None) -> None:
    """Write a table of finished trainings."""
    from cnnkit.runtime import import_keras

    import_keras("the table of results")
    runs, failures = _read_all(folders)
    for failure in failures:
        print_text(f"warning: {failure}", to_stderr=True)
    if runs and output is not None:
        write_text(output, results_text(runs))
    elif runs:
        print_text(results_text(runs).removesuffix("\n"))
    sys.exit(1 if failures or not runs else 0)


if __name__ == "__main__":
    try:
        main()
    except CnnkitError as error:
        sys.exit(f"error: {error}")
