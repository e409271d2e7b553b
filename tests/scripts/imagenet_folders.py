"""Links ImageNet photos as folders that commands take: half of them for calibration, the others labelled as a model is.

    python tests/scripts/imagenet_folders.py efficientnet_lite0.onnx photos

makes `photos/calibration` and `photos/test`, with a folder for each class of that, from $CNNKIT_PHOTOS/imagenet; with
--flat there are no folders of classes, for models of other classes.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
from collections import Counter
from pathlib import Path

import click
from measure_imagenet import VARIABLE, labelled_photos

from cnnkit.runtime import read_spec_of


def main() -> int:
    """Makes the folders; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path, help="an ImageNet classifier with 1,000 labels in the usual order")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--flat", action="store_true", help="all photos of test in one folder")
    parser.add_argument("--json", action="store_true", help="how many there are, as JSON")
    arguments = parser.parse_args()
    spec = read_spec_of(arguments.model)
    if spec is None or not (arguments.flat or len(spec.labels) == 1000):
        parser.error(f"{arguments.model} is no ImageNet classifier with a model spec")
    counts = Counter[str]()
    for index, (photo, number) in enumerate(labelled_photos(Path(os.environ.get(VARIABLE, ".")) / "imagenet")):
        label = "" if arguments.flat else spec.labels[number].replace("/", "_")
        part = f"test/{label}" if index % 2 else "calibration"
        target = arguments.folder / part / photo.name
        target.parent.mkdir(parents=True, exist_ok=True)
        target.symlink_to(photo.resolve())
        counts[part.split("/")[0]] += 1
    if arguments.json:
        click.echo(json.dumps(counts))
    return 0


if __name__ == "__main__":
    sys.exit(main())
