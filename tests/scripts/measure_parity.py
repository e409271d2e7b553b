"""Measures how far exported float32 files are from the Keras models they were made of, on 64 images.

    python tests/scripts/measure_parity.py                      # every architecture, and four of keras.applications
    python tests/scripts/measure_parity.py resnet8 MobileNetV2 --keep FOLDER

--keep leaves the files in a folder, for tests/scripts/measure_quantizing.py and others.
Weights are random. So that answers differ from image to image, as those of a trained network do, batch normalisation
takes its moving statistics from 32 images, and the last layer is scaled until its logits deviate by 2. What a block of
an EfficientNet adds to its input is small beside it, as in trained ones: else they make much of what float32 rounds.
The exit code is 1 where a probability differs by more than 1e-4, logits by more than a hundredth of what they vary from
image to image, or a label changes.
"""

from __future__ import annotations

import argparse
import json
import math
import re
import sys
import tempfile
import warnings
from dataclasses import fields
from pathlib import Path
from typing import Any, NamedTuple

import click
import numpy as np

from cnnkit.export import ExportOptions, export_model
from cnnkit.export.parity import LOGIT_TOLERANCE, logit_difference
from cnnkit.export.samples import generated_images
from cnnkit.foreign import InputFlags
from cnnkit.images import prepare_batch
from cnnkit.runtime import OnnxClassifier, flat_layers, import_keras, load_keras_model
from cnnkit.spec import InputSpec
from cnnkit.train.architectures import ARCHITECTURES, NetworkShape

APPLICATIONS = ("MobileNetV2", "MobileNetV3Small", "EfficientNetV2B0", "ResNet50V2")
IMAGES, CLASSES = 64, 10
ALLOWED = 1e-4
_SCALED_TO = 2.0  # standard deviation of the logits
_ADDING, _GATE = re.compile(r"block\d+[b-z]_project_bn"), re.compile(r"block\d+[a-z]_se_expand")  # of EfficientNets
_ADDED = 0.2
_LABELS = ",".join(f"class_{number}" for number in range(CLASSES))


def build(name: str) -> tuple[Any, InputFlags]:
    """Builds a network with random weights, and says how it takes pixels."""
    import keras

    keras.utils.set_random_seed(1)
    if name in ARCHITECTURES:
        architecture = ARCHITECTURES[name]
        random = {"weights": "none"} if "weights" in {field.name for field in fields(architecture.options)} else {}
        shape = NetworkShape(architecture.size, architecture.size, 3, CLASSES, offset=121, spread=64.0)
        return architecture.build(shape, architecture.options(**random)), InputFlags(scale=1.0)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        model = getattr(keras.applications, name)(weights=None, classes=CLASSES, input_shape=(224, 224, 3))
    inside = name in ("MobileNetV3Small", "EfficientNetV2B0")
    return model, InputFlags(scale=1.0) if inside else InputFlags(scale=1 / 127.5, mean=(1.0,))


def enliven(model: Any, tensor: np.ndarray) -> None:
    """Gives a network with random weights answers that differ from image to image; see the head of this file."""
    import keras

    for layer in flat_layers(model):
        if _ADDING.fullmatch(layer.name) or _GATE.fullmatch(layer.name):
            weights = layer.get_weights()  # of which gamma or the kernel is the first
            layer.set_weights([weights[0] * _ADDED, *weights[1:]])
    normalised = [layer for layer in flat_layers(model) if isinstance(layer, keras.layers.BatchNormalization)]
    kept = [layer.momentum for layer in normalised]
    for layer in normalised:
        layer.momentum = 0.0
    if normalised:
        model(tensor, training=True)
    for layer, momentum in zip(normalised, kept, strict=True):
        layer.momentum = momentum
    head = next(layer for layer in reversed(list(flat_layers(model))) if layer.weights)
    probabilities = np.asarray(model(tensor, training=False))
    deviation = np.log(np.maximum(probabilities, 1e-30)).std(axis=0).mean()
    kernel, *bias = head.get_weights()
    factor = _SCALED_TO / max(float(deviation), 1e-12)
    centre = np.log(np.maximum(probabilities, 1e-30)).mean(axis=0) * factor
    head.set_weights([kernel * factor, *[(value * 0 - (centre - centre.mean())).astype(np.float32) for value in bias]])


class Measured(NamedTuple):
    """What was found of one network."""

    parameters: int
    confidence: float  # mean over images
    difference: float  # the largest of a probability
    logits: float  # difference of logits, relative to how much they vary; infinite where they do not
    changed: int  # labels


def measure(name: str, folder: Path) -> Measured:
    """Builds, exports and compares a network."""
    model, flags = build(name)
    height, width = model.input_shape[1:3]
    images = generated_images(IMAGES, InputSpec(height, width, 3), seed=5)
    path = folder / f"{name}.keras"
    spec = InputSpec(height, width, 3, dtype="float32", scale=flags.scale or 1.0, mean=(flags.mean or (0.0,)) * 3,
                     std=(1.0,) * 3)  # fmt: skip
    enliven(model, prepare_batch(images[:32], spec))
    model.save(path)
    report = export_model(ExportOptions(path, folder / f"{name}.onnx", labels=_LABELS, input=flags, overwrite=True))
    original = load_keras_model(path)
    expected = np.concatenate([
        np.asarray(original(prepare_batch(images[start : start + 8], spec), training=False))
        for start in range(0, IMAGES, 8)
    ])  # fmt: skip
    answers = OnnxClassifier(report.path).probabilities(images)
    changed = int((answers.argmax(axis=1) != expected.argmax(axis=1)).sum())
    confidence = float(expected.max(axis=1).mean())
    logits = logit_difference(expected, answers)
    difference = float(np.abs(answers - expected).max())
    return Measured(model.count_params(), confidence, difference, math.inf if logits is None else logits, changed)


def main() -> int:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("names", nargs="*", default=[*ARCHITECTURES, *APPLICATIONS])
    parser.add_argument("--keep", type=Path, help="a folder for the .keras and .onnx files")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    import_keras("measure_parity.py")
    bad, networks = 0, []
    click.echo(
        f"{'network':26} {'parameters':>11} {'confidence':>10} {'difference':>10} {'logits':>8} {'labels':>6}  "
        f"of {IMAGES} images"
    )
    with tempfile.TemporaryDirectory() as temporary:
        folder = arguments.keep or Path(temporary)
        folder.mkdir(parents=True, exist_ok=True)
        for name in arguments.names:
            one = measure(name, folder)
            bad += one.changed > 0 or not one.difference <= ALLOWED or not one.logits <= LOGIT_TOLERANCE
            click.echo(
                f"{name:26} {one.parameters:11,} {one.confidence:10.2f} {one.difference:10.1e} {one.logits:8.1e} "
                f"{one.changed:6}"
            )
            networks.append({
                "name": name, "max_probability_difference": one.difference, "logit_difference": one.logits,
                "label_changes": one.changed,
            })  # fmt: skip
    if arguments.json:
        click.echo(json.dumps({"images": IMAGES, "networks": networks}))
    return int(bad > 0)


if __name__ == "__main__":
    sys.exit(main())
