"""Measures an ImageNet classifier as `cnnkit export` writes it on photos of ImageNet, top-1 and top-5.

    python tests/scripts/measure_imagenet.py                    # efficientnet_lite0 on $CNNKIT_PHOTOS/imagenet
    python tests/scripts/measure_imagenet.py efficientnet_lite1 --photos FOLDER

FOLDER has a folder of photos for each class, called by its WordNet identifier, n01440764 for tench. The photos of
EliSchwartz/imagenet-sample-images, one a class, will do; by all signs they are training images of ImageNet, so that the
figures show whether the export is right, and flatter the network.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import click
import numpy as np

import cnnkit
from cnnkit.errors import DataError
from cnnkit.export import ExportOptions, export_model
from cnnkit.measuring import wilson_interval

VARIABLE = "CNNKIT_PHOTOS"
WNIDS = Path(__file__).with_name("imagenet_wnids.txt")  # of the 1,000 classes, in the order of a network's outputs
_CANDIDATES = 5


def labelled_photos(folder: Path) -> Iterator[tuple[Path, int]]:
    """Yields photos with the number of their class.

    Raises:
        DataError: There are none.
    """
    numbers = {wnid: number for number, wnid in enumerate(WNIDS.read_text(encoding="utf-8").split())}
    classes = [path for path in sorted(folder.glob("n*")) if path.name in numbers]
    photos = [(path, numbers[each.name]) for each in classes for path in sorted(each.iterdir())]
    if not photos:
        raise DataError(
            f"{folder} has no folder of photos called by a WordNet identifier, expected n01440764 and others"
        )
    yield from photos


def ranks(network: str, folder: Path) -> list[int]:
    """Returns the place of the right class among the likeliest of each photo, from 0; 5 where it is not among them."""
    photos = list(labelled_photos(folder))
    with tempfile.TemporaryDirectory() as temporary:
        report = export_model(ExportOptions(Path(network), Path(temporary) / "imagenet.onnx"))
        model = cnnkit.load(report.path)
        found = []
        for path, number in photos:
            named = [candidate.label for candidate in model.predict(path, top_k=_CANDIDATES).top]
            right = model.spec.labels[number]
            found.append(named.index(right) if right in named else _CANDIDATES)
    return found


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("network", nargs="?", default="efficientnet_lite0")
    parser.add_argument("--photos", type=Path, help=f"a folder a class  [default: ${VARIABLE}/imagenet]")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    if arguments.photos is None and VARIABLE not in os.environ:
        parser.error(f"name --photos FOLDER, or a folder that holds imagenet/ in {VARIABLE}")
    places = np.array(ranks(arguments.network, arguments.photos or Path(os.environ[VARIABLE]) / "imagenet"))
    figures = {}
    for name, among in (("top1", 1), ("top5", _CANDIDATES)):
        right, images = int((places < among).sum()), len(places)
        low, high = wilson_interval(right, images)
        figures[name] = {"value": right / images, "low": low, "high": high}
        click.echo(f"{name}: {100 * right / images:.1f} % of {images:,} photos ({100 * low:.1f} to {100 * high:.1f})")
    if arguments.json:
        click.echo(json.dumps({"network": arguments.network, "images": len(places), **figures}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
