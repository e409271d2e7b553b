"""Measures the peak memory of `cnnkit predict` for many images, named on stdin and lying in one folder.

    python tests/scripts/measure_paths.py FOLDER        # of JPEGs, which are named or linked over and over

Prints how much more a million takes than ten thousand: asked are 20 MB on stdin, and 200 bytes a name in a folder.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
from itertools import cycle, islice
from pathlib import Path

import click

FEW, MANY = 10_000, 1_000_000
LINKS = 30_000  # to one file: file systems have limits
RUN = """
import resource, sys
from cnnkit.cli import main
try:
    main(sys.argv[1:])
finally:
    print(resource.getrusage(resource.RUSAGE_SELF).ru_maxrss, file=sys.stderr)
"""


def peak_bytes(arguments: list[str], names: Path | None = None) -> int:
    """Predicts in a process of its own, and returns the most memory it had."""
    command = [sys.executable, "-c", RUN, "-q", "predict", *arguments, "--format", "jsonl", "-o", os.devnull]
    with open(names or os.devnull, "rb") as stdin:
        done = subprocess.run(command, stdin=stdin, stderr=subprocess.PIPE, text=True, check=True)
    return int(done.stderr.split()[-1]) * 1024


def on_stdin(images: list[Path], count: int, folder: Path) -> int:
    """Names images on stdin."""
    names = folder / "names"
    with names.open("w") as file:
        file.writelines(f"{path}\n" for path in islice(cycle(images), count))
    return peak_bytes(["-"], names)


def in_folder(images: list[Path], count: int, folder: Path) -> int:
    """Links images into one folder."""
    below = folder / f"images-{count}"
    below.mkdir()
    copies = []
    for index in range(count):
        if index % LINKS == 0:
            copies.append(below / f"image-{index:09}.jpg")
            copies[-1].write_bytes(images[index // LINKS % len(images)].read_bytes())
        else:
            os.link(copies[-1], below / f"image-{index:09}.jpg")
    return peak_bytes([str(below)])


def main() -> None:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", type=Path)
    parser.add_argument("--many", type=int, default=MANY)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    images, many = sorted(arguments.folder.rglob("*.jpg")), arguments.many
    with tempfile.TemporaryDirectory() as folder:
        few, most = (on_stdin(images, count, Path(folder)) for count in (FEW, many))
        said = f"{few / 1e6:.1f} MB for {FEW:,} paths, {most / 1e6:.1f} MB for {many:,}"
        more = most - few
        click.echo(f"stdin: {said}: {more / 1e6:+.1f} MB")
        few, most = (in_folder(images, count, Path(folder)) for count in (FEW, many))
        each = (most - few) / (many - FEW)
        said = f"{few / 1e6:.1f} MB for {FEW:,} images, {most / 1e6:.1f} MB for {many:,}"
        click.echo(f"folder: {said}: {each:+.0f} bytes a name")
    if arguments.json:
        click.echo(json.dumps({"stdin_more_bytes": more, "folder_bytes_a_name": each}))


if __name__ == "__main__":
    main()
