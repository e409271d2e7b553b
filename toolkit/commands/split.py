"""`cnnkit split`."""

from __future__ import annotations

import shlex
from pathlib import Path
from typing import Any

import click

from cnnkit.commands.options import Range, seed_option

_BUILT_IN = ("digits", "cifar10")  # which cnnkit train has itself, whatever folders are called so


@click.command()
@click.argument("photos", type=click.Path(path_type=Path))
@click.option("--out", "-o", "--output", "out", type=click.Path(path_type=Path), required=True, help="The new folder.")
@click.option("--val", type=Range(0.0, 0.9), default=0.15, show_default=True, help="Share that chooses the epoch.")
@click.option("--test", type=Range(0.0, 0.9), default=0.15, show_default=True, help="Share to measure with.")
@seed_option("Of the division.")
@click.option("--group-by", metavar="REGEX", help="What in a file's name is common to images that stay together.")
@click.option("--link/--copy", default=False, help="Hard links instead of copies  [default: copy].")
@click.option(
    "--keep-alike/--divide-alike", default=True,
    help="Whether images that are nearly the same stay together  [default: keep].",
)  # fmt: skip
def command(photos: Path, out: Path, **options: Any) -> None:
    """Divide class folders into train, val and test.

    A list of files and labels will do, too. Every class is divided alike. Images that belong together stay together:
    copies, those that are nearly the same, and those whose names share what stands before their last part, such as
    frames of one film.
    """
    from cnnkit.report import print_table
    from cnnkit.sources import SplitShares, split_folder
    from cnnkit.system import as_argument, print_text

    divided = split_folder(photos, out, SplitShares(**options))
    rows = [
        (label, *(f"{divided.counts[part][at]:,}" for part in divided.counts))
        for at, label in enumerate(divided.labels)
    ]
    rows.append(("all", *(f"{sum(counts):,}" for counts in divided.counts.values())))
    title = f"{divided.out}: {divided.images:,} images in {divided.groups:,} groups that stay together"
    print_table(("class", *(f">{part}" for part in divided.counts)), rows, title=title)
    if divided.joined:
        many = f"{divided.joined:,} groups were joined to others"
        print_text(
            f"{'1 group was joined to another' if divided.joined == 1 else many}, whose images are nearly the same"
        )
    data = f"./{divided.out}" if str(divided.out) in _BUILT_IN else as_argument(str(divided.out))
    print_text(f"next: cnnkit train {shlex.quote(data)}")
