"""Compares small networks without pretrained weights on folders of photos, and twenty lines of plain Keras beside them.

    python tests/scripts/measure_small_networks.py masks sign                         # what `--arch auto` takes
    python tests/scripts/measure_small_networks.py masks sign --networks resnet8:96 mobilenet_v1:96

Each network is `cnnkit train FOLDER --arch NAME --size SIZE --resize crop` with its recipe as it fits itself to the
number of images, or `--weights none` alone. Plain Keras is the network of TensorFlow's own tutorial on image
classification (https://www.tensorflow.org/tutorials/images/classification), trained as many epochs as the last network
named.
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

from cnnkit.measuring import wilson_interval

VARIABLE = "CNNKIT_PHOTOS"
_SEEDS = 2
_TUTORIAL = 180  # pixels a side, as the tutorial has it


def ours(folder: Path, network: str, epochs: int | None, seed: int) -> dict[str, Any]:
    """Trains a network by name:size or `auto`, and returns its right answers of the test images, minutes and epochs."""
    name, _, size = network.partition(":")
    chosen = ["--arch", name, "--size", size, "--resize", "crop"] if size else ["--arch", name, "--weights", "none"]
    chosen += [] if epochs is None else ["--epochs", str(epochs)]
    with tempfile.TemporaryDirectory() as temporary:
        out, started = Path(temporary) / "run", time.perf_counter()
        command = [
            sys.executable,
            "-m",
            "cnnkit",
            "train",
            str(folder),
            "--out",
            str(out),
            "--seed",
            str(seed),
            *chosen,
        ]
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
        minutes = (time.perf_counter() - started) / 60
        metrics = json.loads((out / "metrics.json").read_text(encoding="utf-8"))
        epochs = json.loads((out / "config.json").read_text(encoding="utf-8"))["recipe"]["epochs"]
    right = round(metrics["top1"] * metrics["images"])
    return {"right": right, "images": metrics["images"], "minutes": minutes, "epochs": epochs}


def plain(folder: Path, epochs: int, seed: int) -> dict[str, Any]:
    """Trains the tutorial's network in a process of its own, and returns what `ours` does."""
    started = time.perf_counter()
    command = [sys.executable, __file__, str(folder), "--plain", str(epochs), str(seed)]
    said = subprocess.run(command, check=True, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True).stdout
    found: dict[str, Any] = json.loads(said.splitlines()[-1])
    return found | {"minutes": (time.perf_counter() - started) / 60, "epochs": epochs}


def _twenty_lines(folder: Path, epochs: int, seed: int) -> tuple[int, int]:
    import keras
    from keras import layers

    keras.utils.set_random_seed(seed)
    shape, size = (_TUTORIAL, _TUTORIAL, 3), (_TUTORIAL, _TUTORIAL)
    train = keras.utils.image_dataset_from_directory(folder / "train", image_size=size, seed=seed)
    test = keras.utils.image_dataset_from_directory(folder / "test", image_size=size, shuffle=False)
    network = keras.Sequential([layers.Input(shape)])
    for layer in (layers.RandomFlip("horizontal"), layers.RandomRotation(0.1), layers.RandomZoom(0.1)):
        network.add(layer)
    network.add(layers.Rescaling(1 / 255))
    for filters in (16, 32, 64):
        network.add(layers.Conv2D(filters, 3, padding="same", activation="relu"))
        network.add(layers.MaxPooling2D())
    for layer in (layers.Dropout(0.2), layers.Flatten(), layers.Dense(128, activation="relu")):
        network.add(layer)
    network.add(layers.Dense(len(train.class_names)))
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    network.compile(optimizer="adam", loss=loss, metrics=["accuracy"])
    network.fit(train, epochs=epochs, verbose=0)
    images = len(test.file_paths)
    return round(network.evaluate(test, verbose=0)[1] * images), images


def _show(what: str, folder: Path, runs: list[dict[str, Any]]) -> dict[str, Any]:
    right, images = sum(run["right"] for run in runs), sum(run["images"] for run in runs)
    low, high = wilson_interval(right, images)
    each = ", ".join(f"{100 * run['right'] / run['images']:.1f}" for run in runs)
    minutes = sum(run["minutes"] for run in runs) / len(runs)
    click.echo(
        f"{folder.name} {what}: {100 * right / images:.1f} % ({100 * low:.1f} to {100 * high:.1f}, "
        f"{len(runs)} trainings of {each} on {runs[0]['images']} test photos), {runs[0]['epochs']} epochs, "
        f"{minutes:.1f} minutes"
    )
    return {"what": what, "folder": folder.name, "top1": right / images, "low": low, "high": high,
            "images": runs[0]["images"], "runs": len(runs), "minutes": minutes,
            "epochs": runs[0]["epochs"]}  # fmt: skip


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("folders", nargs="+", help=f"with train and test, or names of such folders in ${VARIABLE}")
    parser.add_argument("--networks", nargs="+", default=["auto"], help="NAME:SIZE, or auto")
    parser.add_argument("--seeds", type=int, default=_SEEDS)
    parser.add_argument("--epochs", type=int, help="of every training; otherwise the recipe's own")
    parser.add_argument("--plain", nargs=2, type=int, metavar=("EPOCHS", "SEED"), help="only plain Keras, as JSON")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    folders = [Path(os.environ.get(VARIABLE, ".")) / name for name in arguments.folders]
    if arguments.plain:
        right, images = _twenty_lines(folders[0], *arguments.plain)
        click.echo(json.dumps({"right": right, "images": images}))
        return 0
    found = []
    for folder in folders:
        runs: list[dict[str, Any]] = []
        for network in arguments.networks:
            runs = [ours(folder, network, arguments.epochs, seed) for seed in range(arguments.seeds)]
            found.append(_show(network, folder, runs))
        beside = [plain(folder, runs[0]["epochs"], seed) for seed in range(arguments.seeds)]
        found.append(_show("plain Keras", folder, beside))
    if arguments.json:
        click.echo(json.dumps(found))
    return 0


if __name__ == "__main__":
    sys.exit(main())
