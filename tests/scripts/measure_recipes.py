"""Trains every recipe on 250 photos: validation accuracy above chance by its 95 % interval, or a warning that says so.

    python tests/scripts/measure_recipes.py sign            # a folder in $CNNKIT_PHOTOS, with train and test
    python tests/scripts/measure_recipes.py sign --recipes vgg1 resnet8

25 photos of each class of `train` train, as many of `test` as there are up to 20 a class validate. A recipe that is
neither above chance nor warned of makes the command end with 1.
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import click
import numpy as np

from cnnkit.sources import list_images
from cnnkit.train.recipes import recipe_names

VARIABLE = "CNNKIT_PHOTOS"
_TRAIN, _VALIDATION = 250, 20  # photos in all, and of each class
_SEED = 0
_DOWNLOADED = ("mobilenet_v3_small", "efficientnet_v2_b0")  # their weights come from the network
_COMPLAINTS = ("is not above chance by its 95 % interval", "the images are learned by heart", "has learned nothing")


def recipes() -> list[str]:
    """Returns the names of all recipes whose weights are at hand."""
    return [name for name in recipe_names() if name not in _DOWNLOADED]


def link_photos(folder: Path, target: Path) -> int:
    """Links the photos as train and val folders; returns how many validate."""
    random = np.random.default_rng(_SEED)
    classes = sorted(path.name for path in (folder / "train").iterdir() if path.is_dir())
    each, validate = _TRAIN // len(classes), 0
    for part, name, count in (("train", "train", each), ("test", "val", _VALIDATION)):
        for label in classes:
            there = list_images(folder / part / label)
            chosen = random.permutation(len(there))[:count]
            (target / name / label).mkdir(parents=True)
            for index in chosen:
                (target / name / label / there[index].name).symlink_to(there[index].resolve())
            validate += len(chosen) * (name == "val")
    return validate


def train(photos: Path, recipe: str, images: int) -> dict[str, Any]:
    """Trains one recipe's network; returns the kept epoch's validation accuracy, and whether it was complained of."""
    with tempfile.TemporaryDirectory() as temporary:
        out, started = Path(temporary) / "run", time.perf_counter()
        command = [sys.executable, "-m", "cnnkit", "train", str(photos), "--recipe", recipe, "--out", str(out)]
        done = subprocess.run(command, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE, text=True, check=False)
        if done.returncode:
            raise SystemExit(f"{recipe}: {done.stderr.strip().splitlines()[-1]}")
        seconds = time.perf_counter() - started
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
        epochs = json.loads((out / "config.json").read_text(encoding="utf-8"))["recipe"]["epochs"]
    assert (metrics["split"], metrics["images"]) == ("validation", images)
    warned = any(complaint in " ".join(done.stderr.split()) for complaint in _COMPLAINTS)
    kept = {name: metrics[name] for name in ("top1", "low", "high")}
    return kept | {"warned": warned, "seconds": seconds, "epochs": epochs}


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folder", help=f"a folder, or the name of one in ${VARIABLE}")
    parser.add_argument("--recipes", nargs="+", default=recipes())
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    folder, found, silent = Path(os.environ.get(VARIABLE, ".")) / arguments.folder, {}, []
    with tempfile.TemporaryDirectory() as temporary:
        images = link_photos(folder, Path(temporary))
        classes = len(list((Path(temporary) / "train").iterdir()))
        for recipe in arguments.recipes:
            found[recipe] = one = train(Path(temporary), recipe, images)
            above = one["low"] > 1 / classes
            silent += [] if above or one["warned"] else [recipe]
            click.echo(
                f"{recipe}: {100 * one['top1']:.1f} % of {images} ({100 * one['low']:.1f} to "
                f"{100 * one['high']:.1f}), {one['epochs']} epochs, {one['seconds']:.0f} s"
                + ("" if above else ", not above chance") + (", warned" if one["warned"] else "")
            )  # fmt: skip
    click.echo(f"{len(found)} recipes, {len(silent)} neither above chance nor warned of: {', '.join(silent) or '-'}")
    if arguments.json:
        click.echo(json.dumps({"recipes": found, "silent": silent, "images": images, "chance": 1 / classes}))
    return bool(silent)


if __name__ == "__main__":
    sys.exit(main())
