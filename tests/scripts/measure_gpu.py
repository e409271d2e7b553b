"""Measures how much of a GPU's speed a training keeps: whole epochs against the compiled step alone, in turns.

    python tests/scripts/measure_gpu.py

After every epoch of `cnnkit.train.fitting.fit` (images shuffled, fed, augmented, learned from and looked after as
`cnnkit train` does it, validation left out of the time) come as many of the same steps on images that lie on the device
already: once as many steps a call as the training makes, and once one step a call. Images are generated, 32 x 32;
network, batch size and augmentation are those of the recipe.

Printed are medians of images/s with their range, the medians of the epochs' ratios with their range, and the seconds of
the first epoch, which compiles. `--from-host` sends every batch from the host, as it is done with images that the
device has no room for. It runs on JAX; without a GPU it measures the CPU, which has nothing to wait for.
"""

from __future__ import annotations

import argparse
import dataclasses
import json
import os
import statistics
import sys
import time
from collections.abc import Callable

import numpy as np

from cnnkit.runtime import import_keras
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.data import Dataset, Split
from cnnkit.train.data.step_groups import steps_together
from cnnkit.train.devices import DeviceOptions, Devices, prepare_devices
from cnnkit.train.fitting import Checkpoint, EpochSink
from cnnkit.train.fitting.fit import fit
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes import Recipe, load_recipe

CLASSES = 10


def steps_alone(trainer: Trainer, split: Split, size: int) -> Callable[[], float]:
    """Returns a function that learns from as many images as an epoch has, the same `size` each call: gives images/s."""
    import jax

    model = trainer.model
    target = jax.device_put(np.eye(CLASSES, dtype=np.float32)[split.targets[:size]])
    batch = ({"image": jax.device_put(split.read(np.arange(size))), "target": target}, target)
    step, calls = jax.jit(model.train_step, donate_argnums=0), max(1, len(split) // size)
    parts = (model.trainable_variables, model.non_trainable_variables, model.optimizer.variables)
    held = [tuple([jax.numpy.copy(variable.value) for variable in part] for part in (*parts, model.metrics_variables))]

    def run() -> float:
        started, state = time.perf_counter(), held.pop()
        for _ in range(calls):
            _, state = step(state, batch)
        held.append(jax.block_until_ready(state))
        return calls * size / (time.perf_counter() - started)

    return run


def measure(name: str, recipe: Recipe, dataset: Dataset, devices: Devices) -> list[list[float]]:
    """Returns images/s, epoch by epoch: of the training, of its calls alone and of one step a call."""
    network = build_network(name, NetworkShape(32, 32, 3, CLASSES, offset=121, spread=64.0))
    trainer = Trainer(network, recipe, devices, Steps(-(-len(dataset.train) // recipe.batch_size), recipe.epochs), 0)
    batch, pixels = recipe.batch_size, 32 * 32 * 3
    together = steps_together(len(dataset.train), batch, pixels) if devices.image_bytes else 1
    alone: list[Callable[[], float]] = []
    theirs: tuple[list[float], list[float]] = ([], [])

    def after(_: Checkpoint) -> None:
        if not alone:
            alone.extend(steps_alone(trainer, dataset.train, size) for size in (batch * together, batch))
            for run in alone:
                run()  # compiles
        for run, speeds in zip(alone, theirs, strict=True):
            speeds.append(run())

    history = fit(trainer, dataset, recipe, 0, None, EpochSink(lambda network: None, after))
    return [[row["images_per_s"] for row in history], *theirs]


def describe(values: list[float], digits: int = 0) -> str:
    return f"{statistics.median(values):,.{digits}f} ({min(values):,.{digits}f} to {max(values):,.{digits}f})"


def generated(count: int) -> Dataset:
    generator = np.random.default_rng(0)

    def split(images: int) -> Split:
        pixels = generator.integers(0, 256, (images, 32, 32, 3), dtype=np.uint8)
        return Split.of(pixels, generator.integers(0, CLASSES, images))

    return Dataset("generated", tuple("abcdefghij"), split(count), split(256), None)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("networks", nargs="*", default=["resnet8"], help="each with the recipe of its name")
    parser.add_argument("--images", type=int, default=45_056)
    parser.add_argument("--epochs", type=int, default=8, help="the first one compiles and does not count")
    parser.add_argument("--batch-size", type=int, help="[default: the recipe's]")
    parser.add_argument("--mixed-precision", action="store_true")
    parser.add_argument("--from-host", action="store_true")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    options = parser.parse_args()
    os.environ["KERAS_BACKEND"] = "jax"  # the step alone is taken from there
    import_keras("measuring")
    devices = prepare_devices(DeviceOptions(mixed_precision=options.mixed_precision), seed=0)
    if options.from_host:
        devices = dataclasses.replace(devices, image_bytes=0)
    dataset, found = generated(options.images), []
    for name in options.networks:
        recipe = dataclasses.replace(load_recipe(name), epochs=options.epochs)
        recipe = dataclasses.replace(recipe, batch_size=options.batch_size or recipe.batch_size)
        (first, *ours), *theirs = measure(name, recipe, dataset, devices)
        sys.stdout.write(
            f"{name}, {devices.describe()}, batches of {recipe.batch_size}{', from the host' * options.from_host}: "
            f"{describe(ours)} images/s, n = {len(ours)}, first epoch {options.images / first:.1f} s\n"
        )
        for what, (_, *speeds) in zip(("its calls alone", "one step a call"), theirs, strict=True):
            ratios = [one / other for one, other in zip(ours, speeds, strict=True)]
            sys.stdout.write(f"  {what}: {describe(speeds)} images/s, ratio {describe(ratios, 2)}\n")
            middle, ends = statistics.median(ratios), {"low": min(ratios), "high": max(ratios)}
            found.append({"network": name, "over": what, "ratio": middle, **ends, "n": len(ratios)})
        sys.stdout.flush()
    if options.json:
        sys.stdout.write(json.dumps({"devices": devices.describe(), "gpus": devices.gpus, "ratios": found}) + "\n")


if __name__ == "__main__":
    main()
