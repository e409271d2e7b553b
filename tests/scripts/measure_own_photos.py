"""Measures `cnnkit train FOLDER` with its defaults on folders of photos, and its first stage beside a plain loop.

    python tests/scripts/measure_own_photos.py train masks          # folders in $CNNKIT_PHOTOS, with train and test
    python tests/scripts/measure_own_photos.py train sign --arguments '--head-only'
    python tests/scripts/measure_own_photos.py features imagenet    # the same network's features, in turns

`train` runs the command as a process of its own and reads metrics.json. `features` decodes photos and computes their
features as the first stage does, and as a plain loop does: decode 32 photos, `predict_on_batch`, and so on.
"""

from __future__ import annotations

import argparse
import json
import os
import shlex
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from statistics import median

import click
import numpy as np

from cnnkit.runtime import import_keras
from cnnkit.sources import list_images, read_images
from cnnkit.spec import InputSpec

VARIABLE = "CNNKIT_PHOTOS"
_BATCH = 32


def train(folder: Path, arguments: list[str]) -> dict[str, float]:
    """Trains, and returns top1 with its interval, the number of test images, and minutes in all."""
    with tempfile.TemporaryDirectory() as temporary:
        out = Path(temporary) / "run"
        started = time.perf_counter()
        command = [sys.executable, "-m", "cnnkit", "train", str(folder), "--out", str(out), *arguments]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
        minutes = (time.perf_counter() - started) / 60
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
    return {name: metrics[name] for name in ("top1", "low", "high", "images")} | {"minutes": minutes}


def features(folder: Path, images: int, runs: int) -> dict[str, object]:
    """Returns the ratios of the first stage's time to that of a plain loop, run in turns."""
    import_keras("measuring")
    from cnnkit.train.architectures import NetworkShape, build_network
    from cnnkit.train.data.dataset import Split
    from cnnkit.train.data.image_facts import ImageFacts
    from cnnkit.train.data.image_stores import FileStore
    from cnnkit.train.transfer.features import compute_features
    from cnnkit.train.transfer.parts import find_parts

    spec = InputSpec(224, 224, 3, "rgb", dtype="float32", resize="crop")
    there = list_images(folder)
    paths = [there[index % len(there)] for index in range(images)]
    network = build_network("efficientnet_lite0", NetworkShape(224, 224, 3, 10, 0, 255.0))
    parts = find_parts(network)
    assert parts is not None
    store = FileStore([str(path) for path in paths], spec, ImageFacts.empty(images), 10**8)
    split = Split.whole(store, np.zeros(images, np.int64))

    def plain() -> np.ndarray:
        found = []
        for start in range(0, images, _BATCH):
            pixels, _ = read_images(paths[start : start + _BATCH], spec)
            found.append(parts.features.predict_on_batch(pixels.astype(np.float32)))
        return np.concatenate(found)

    def ours() -> np.ndarray:
        return compute_features(parts.features, split, "features")

    assert np.allclose(plain(), ours(), atol=1e-4)  # and both are compiled
    ratios, seconds = [], []
    for _ in range(runs):
        took = []
        for run in (plain, ours):
            started = time.perf_counter()
            run()
            took.append(time.perf_counter() - started)
        ratios.append(took[1] / took[0])
        seconds.append(took[0])
    return {"ratio": median(ratios), "low": min(ratios), "high": max(ratios), "n": runs, "images": images,
            "plain_s": median(seconds)}  # fmt: skip


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("what", choices=["train", "features"])
    parser.add_argument("folder", help=f"a folder, or the name of one in ${VARIABLE}")
    parser.add_argument("--arguments", default="", help="further arguments of cnnkit train")
    parser.add_argument("--images", type=int, default=1000)
    parser.add_argument("--runs", type=int, default=5)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    folder = Path(os.environ.get(VARIABLE, ".")) / arguments.folder
    if not folder.is_dir():
        parser.error(f"no folder {folder}: name one, or the folder that holds it in {VARIABLE}")
    if arguments.what == "train":
        found: dict[str, object] = dict(train(folder, shlex.split(arguments.arguments)))
        click.echo(
            f"{folder.name}: {100 * float(str(found['top1'])):.2f} % of {found['images']} test photos "
            f"in {float(str(found['minutes'])):.1f} minutes"
        )
    else:
        found = features(folder, arguments.images, arguments.runs)
        click.echo(f"first stage over a plain loop: {found['ratio']:.2f} ({found['low']:.2f} to {found['high']:.2f})")
    if arguments.json:
        click.echo(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
