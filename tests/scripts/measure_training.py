"""Measures training speed against plain Keras: same network, same machine, in turns in one run.

    python tests/scripts/measure_training.py

Pairs, each with batches of 64 of generated 32 x 32 images:

- group A's augmentation (rotation 15 degrees, shift 0.1, shear 0.2 degrees, zoom 0.2, flip) as `cnnkit train` does it,
  against Keras' `fit` over its ImageDataGenerator; network `bn3`;
- flip and shift as `cnnkit train` does them, against Keras' `fit` on float32 arrays without any augmentation; `bn3` and
  `resnet8`;
- where there is a GPU: whole epochs of `resnet8` as `cnnkit train` runs them, against the same step on a batch that
  lies on the device.

Printed are medians of images/s with their range, and the median of the ratios of the rounds with its range.
"""

from __future__ import annotations

import argparse
import json
import statistics
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.runtime import import_keras
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.data import Split, make_batches
from cnnkit.train.devices import DeviceOptions, Devices, prepare_devices
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes import Recipe

BATCH, CLASSES = 64, 10
SHIFTED = Recipe(flip=True, translate=0.125, batch_size=BATCH)
GROUP_A = Recipe(flip=True, translate=0.1, rotate=15.0, shear=0.0035, zoom=0.2, batch_size=BATCH)

Epoch = Callable[[], None]  # trains on every image once


@dataclass(frozen=True)
class Pair:
    """Two ways to train, and how much faster the first one is asked to be."""

    name: str
    ours: Epoch
    theirs: Epoch
    asked: float


def network_of(name: str) -> Any:
    return build_network(name, NetworkShape(32, 32, 3, CLASSES, offset=121, spread=64.0))


def our_epoch(name: str, recipe: Recipe, split: Split, devices: Devices) -> tuple[Epoch, Trainer]:
    """Returns an epoch as `cnnkit train` runs it, validation and checkpoints left out."""
    trainer = Trainer(network_of(name), recipe, devices, Steps(-(-len(split) // BATCH), 1), seed=0)
    batches = make_batches(split, np.eye(CLASSES, dtype=np.float32), BATCH, seed=0)
    return lambda: trainer.model.fit(batches, verbose=0, shuffle=False), trainer


def compiled(name: str) -> Any:
    import keras

    network = network_of(name)
    network.compile(keras.optimizers.Adam(1e-3), "sparse_categorical_crossentropy", metrics=["accuracy"])
    return network


def generator_epoch(name: str, split: Split) -> Epoch:
    """Returns an epoch of `fit` over ImageDataGenerator with group A's augmentation."""
    from keras.src.legacy.preprocessing.image import ImageDataGenerator

    generator = ImageDataGenerator(
        rotation_range=15,
        width_shift_range=0.1,
        height_shift_range=0.1,
        shear_range=0.2,
        zoom_range=0.2,
        horizontal_flip=True,
    )
    network = compiled(name)
    flow = generator.flow(split.images.astype(np.float32), split.targets, batch_size=BATCH, seed=0)
    return lambda: network.fit(flow, steps_per_epoch=len(flow), verbose=0)


def plain_epoch(name: str, split: Split) -> Epoch:
    """Returns an epoch of `fit` on arrays."""
    network = compiled(name)
    pixels: NDArray[np.float32] = split.images.astype(np.float32)
    return lambda: network.fit(pixels, split.targets, batch_size=BATCH, verbose=0)


def device_epoch(trainer: Trainer, split: Split) -> Epoch:
    """Returns as many of the trainer's steps as an epoch has, on one batch that stays on the device."""
    from keras import ops

    images = ops.convert_to_tensor(split.images[:BATCH])
    target = ops.convert_to_tensor(np.eye(CLASSES, dtype=np.float32)[split.targets[:BATCH]])

    def run() -> None:
        for _ in range(len(split) // BATCH):
            figures = trainer.model.train_on_batch({"image": images, "target": target}, target)
        float(np.asarray(figures[0] if isinstance(figures, list) else figures))

    return run


def make_pairs(split: Split) -> list[Pair]:
    devices = prepare_devices(DeviceOptions(), seed=0)
    pairs = [
        Pair(
            "bn3, group A's augmentation / ImageDataGenerator",
            our_epoch("bn3", GROUP_A, split, devices)[0],
            generator_epoch("bn3", split),
            1.4,
        )
    ]
    for name in ("bn3", "resnet8"):
        ours, trainer = our_epoch(name, SHIFTED, split, devices)
        pairs.append(Pair(f"{name}, flip and shift / plain fit without", ours, plain_epoch(name, split), 0.9))
    if devices.gpus:
        pairs.append(Pair("resnet8, whole epoch / batch on the GPU", ours, device_epoch(trainer, split), 0.8))
    else:
        sys.stdout.write("no GPU here: whole epochs against a batch on the device are left out\n")
    return pairs


def measure(pair: Pair, images: int, rounds: int) -> tuple[list[float], list[float]]:
    """Returns images/s of both, round by round; each has one epoch before the first that counts."""
    speeds: tuple[list[float], list[float]] = ([], [])
    for epoch in (pair.ours, pair.theirs):
        epoch()
    for number in range(rounds):
        order = list(zip((pair.ours, pair.theirs), speeds, strict=True))
        for epoch, found in order if number % 2 == 0 else reversed(order):
            started = time.perf_counter()
            epoch()
            found.append(images / (time.perf_counter() - started))
    return speeds


def describe(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--images", type=int, default=10_240)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    options = parser.parse_args()
    import_keras("measuring")
    generator = np.random.default_rng(0)
    pixels = generator.integers(0, 256, (options.images, 32, 32, 3), dtype=np.uint8)
    split = Split.of(pixels, generator.integers(0, CLASSES, options.images))
    found = []
    for pair in make_pairs(split):
        ours, theirs = measure(pair, options.images, options.rounds)
        ratios = [one / other for one, other in zip(ours, theirs, strict=True)]
        sys.stdout.write(
            f"{pair.name}: {describe(ours)} / {describe(theirs)} images/s, ratio {describe(ratios, 2)}, "
            f"asked {pair.asked:g}, n = {options.rounds}\n"
        )
        sys.stdout.flush()
        middle = statistics.median(ratios)
        found.append({"name": pair.name, "ratio": middle, "low": min(ratios), "high": max(ratios)})
    if options.json:
        sys.stdout.write(json.dumps({"n": options.rounds, "pairs": found}) + "\n")


if __name__ == "__main__":
    main()
