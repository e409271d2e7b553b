"""Compares the methods of `cnnkit explain`: how fast an answer goes while the parts they name are taken out of a photo.

    python tests/scripts/measure_explaining.py model.onnx photos
    python tests/scripts/measure_explaining.py model.onnx photos --keras runs/flowers --count 40 --json

"deletion" is the mean probability of the answer while the pixels are covered with the photo's mean colour, the hottest
first: lower is better. "insertion" is the same while they are put into a blurred photo: higher is better (Petsiuk et
al., arXiv:1806.07421, section 4.3). Two maps that have seen nothing stand beside: random, and hottest in the centre.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Callable
from pathlib import Path

import click
import numpy as np

from cnnkit.explaining import ExplainOptions, Network, explain_image
from cnnkit.images import IMAGE_SUFFIXES, read_image, resize_image
from cnnkit.runtime import OnnxClassifier, open_classifier
from cnnkit.system import import_cv2

BLOCKS = 28  # a side: so many are taken out one after the other, fewer where the image has fewer pixels
STEPS = 16
METHODS = {
    "occlusion": ExplainOptions(method="occlusion"),
    "masks, 100": ExplainOptions(method="masks", masks=100),
    "masks, 500": ExplainOptions(method="masks", masks=500),
    "activation": ExplainOptions(method="activation"),
}
Map = Callable[[np.ndarray, int], np.ndarray]


def maps(network: Network, seed: int = 0) -> dict[str, Map]:
    """Returns what makes a (height, width) map of an image and a class, by name."""
    rng = np.random.default_rng(seed)

    def centre(image: np.ndarray, _: int) -> np.ndarray:
        down, right = (np.exp(-((np.linspace(-1, 1, side)) ** 2) * 2) for side in image.shape[:2])
        return np.outer(down, right).astype(np.float32)

    def explained(options: ExplainOptions) -> Map:
        return lambda image, index: explain_image(network, image, index, options).heat

    wanted = {name: each for name, each in METHODS.items() if name != "activation" or network.activation is not None}
    blind: dict[str, Map] = {"random": lambda image, _: rng.random(image.shape[:2], np.float32), "centre": centre}
    return {**blind, **{name: explained(options) for name, options in wanted.items()}}


def order_of(heat: np.ndarray) -> np.ndarray:
    """Returns (height, width) from 0 for the hottest block to below 1 for the coldest."""
    cv2 = import_cv2()
    height, width = heat.shape
    small = cv2.resize(heat, (min(BLOCKS, width), min(BLOCKS, height)), interpolation=cv2.INTER_AREA)
    places = np.empty(small.size, np.float32)
    places[np.argsort(-small.ravel(), kind="stable")] = np.arange(small.size) / small.size
    return cv2.resize(places.reshape(small.shape), (width, height), interpolation=cv2.INTER_NEAREST)


def judge(network: Network, image: np.ndarray, index: int, heat: np.ndarray) -> tuple[float, float]:
    """Returns deletion and insertion."""
    order = order_of(heat)[..., None]
    even = np.broadcast_to(image.mean(axis=(0, 1)).round().astype(np.uint8), image.shape)
    blurred = import_cv2().GaussianBlur(image, (0, 0), max(image.shape) / 12).reshape(image.shape)
    steps = [step / STEPS for step in range(STEPS + 1)]
    deleted = np.stack([np.where(order < step, even, image) for step in steps])
    inserted = np.stack([np.where(order < step, image, blurred) for step in steps])
    probabilities = (network.probabilities(images)[:, index].mean() for images in (deleted, inserted))
    deletion, insertion = map(float, probabilities)
    return deletion, insertion


def measure(model: Path, folder: Path, keras: Path | None, count: int, seed: int = 0) -> dict[str, dict[str, float]]:
    """Returns the figures of every method."""
    classifier = OnnxClassifier(model)
    activation = None if keras is None else open_classifier(keras).activation  # type: ignore[attr-defined]
    network = Network(classifier.probabilities, activation)
    paths = sorted(path for path in folder.rglob("*") if path.suffix.lower() in IMAGE_SUFFIXES)
    chosen = [paths[index] for index in np.random.default_rng(seed).permutation(len(paths))[:count]]
    makers, found = maps(network, seed), dict[str, list[tuple[float, float, float]]]()
    for path in chosen:
        taken = classifier.spec.input
        image = resize_image(read_image(path, taken=(taken,)).pixels, taken)
        index = int(network.probabilities(image[None])[0].argmax())
        for name, make in makers.items():
            started = time.perf_counter()
            heat = make(image, index)
            seconds = time.perf_counter() - started
            found.setdefault(name, []).append((*judge(network, image, index, heat), seconds))
    names = ("deletion", "insertion", "seconds")
    figures = {}
    for name, rows in found.items():
        values = np.array(rows)
        error = values[:, :2].std(axis=0, ddof=1).max() / math.sqrt(len(rows)) if len(rows) > 1 else math.nan
        figures[name] = {**dict(zip(names, values.mean(axis=0).tolist(), strict=True)), "error": float(error)}
    return figures


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--keras", type=Path, help="the run folder of the same network, for activation")
    parser.add_argument("--count", type=int, default=150, help="photos, drawn at random")
    parser.add_argument("--json", action="store_true", help="as JSON")
    options = parser.parse_args()
    figures = measure(options.model, options.photos, options.keras, options.count)
    if options.json:
        click.echo(json.dumps({"photos": options.count, "methods": figures}))
        return 0
    for name, row in figures.items():
        click.echo(
            f"{name:<12} deletion {row['deletion']:.3f}, insertion {row['insertion']:.3f} (standard error "
            f"{row['error']:.3f}), {row['seconds']:.2f} s"
        )
    return 0


if __name__ == "__main__":
    sys.exit(main())
