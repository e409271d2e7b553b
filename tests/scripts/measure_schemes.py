"""Measures what schemes of quantization cost, one file in memory at a time, and whether they hold without VNNI.

    python tests/scripts/measure_schemes.py efficientnet_lite0 imagenet --haswell 200
    python tests/scripts/measure_schemes.py best.onnx cifar10-jpeg/test --count 2000 --schemes u8s8-pairs,u8s8

What is no ONNX file is exported first; photos that are no folder are one of $CNNKIT_PHOTOS. A few of them calibrate,
the others are answered. Their labels are those of the model, WordNet identifiers for 1,000 classes, or unknown. With
--haswell so many of them are answered on an emulated CPU without VNNI as well, and compared with exact integers here: a
second or two an image at 224 pixels. The exit code is 1 where a label changes there in a file that is called safe.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
import numpy as np
from emulation.haswell import Runner, on_haswell, on_this_cpu
from measure_imagenet import VARIABLE, WNIDS
from measure_quantizing import size_without_metadata
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.export import ExportOptions, export_model
from cnnkit.export.graph import load_graph
from cnnkit.export.quantization.candidates import Candidate, Workshop
from cnnkit.export.quantization.schemes import SCHEMES
from cnnkit.images import prepare_batch
from cnnkit.measuring import paired_drop_interval, wilson_interval
from cnnkit.runtime import OnnxClassifier, read_spec_of
from cnnkit.sources import list_images, read_images
from cnnkit.spec import ModelSpec

_BATCH = 8
_TINY = 1e-7  # a probability below this counts as this


@dataclass(frozen=True)
class Photos:
    """Images that calibrate, and others to answer."""

    calibrating: NDArray[np.uint8]
    answered: NDArray[np.uint8]
    targets: NDArray[np.int64] | None  # of those to answer; None where they are not known


def read_photos(folder: Path, spec: ModelSpec, calibrating: int, count: int | None, seed: int = 0) -> Photos:
    """Reads images of a folder in random order.

    Raises:
        DataError: There are too few.
    """
    paths = list_images(folder)
    order = np.random.default_rng(seed).permutation(len(paths))[: None if count is None else calibrating + count]
    chosen = [paths[index] for index in order]
    images, failures = read_images(chosen, spec.input)
    if failures or len(images) <= calibrating:
        raise DataError(f"{folder} has {len(images)} images that can be read, expected more than {calibrating}")
    names = WNIDS.read_text(encoding="utf-8").split() if len(spec.labels) == 1000 else list(spec.labels)
    classes = {path.parent.name for path in chosen}
    targets = np.array([names.index(path.parent.name) for path in chosen]) if classes <= set(names) else None
    return Photos(images[:calibrating], images[calibrating:], None if targets is None else targets[calibrating:])


def quantized_files(
    model: Path, spec: ModelSpec, images: NDArray[np.uint8], names: Sequence[str], folder: Path
) -> Iterator[Candidate]:
    """Makes the files of schemes, to be right on any CPU, one after the other."""
    workshop = Workshop(model, spec, images, "any", folder)
    for scheme in SCHEMES:
        if scheme.name in names:
            yield workshop.make(scheme)


def probabilities(path: Path, images: NDArray[np.uint8]) -> NDArray[np.float32]:
    """Answers images on this CPU."""
    model = OnnxClassifier(path)
    parts = (images[start : start + _BATCH] for start in range(0, len(images), _BATCH))
    return np.concatenate([model.probabilities(part) for part in parts])


def figures(
    floating: NDArray[np.float32], answers: NDArray[np.float32], targets: NDArray[np.int64] | None
) -> dict[str, Any]:
    """Returns agreement with float32, and the accuracies where targets are known, with 95 % intervals."""
    before, after = floating.argmax(axis=1), answers.argmax(axis=1)
    same, count = int((before == after).sum()), len(after)
    p, q = np.maximum(floating, _TINY), np.maximum(answers, _TINY)
    found: dict[str, Any] = {
        "images": count,
        "same_label": [same / count, *wilson_interval(same, count)],
        "divergence": float((p * np.log(p / q)).sum(axis=1).mean()),  # Kullback-Leibler, nats
    }
    if targets is not None:
        found["top1_float"], found["top1"] = (float((each == targets).mean()) for each in (before, after))
        found["drop"] = list(paired_drop_interval(before == targets, after == targets))
    return found


def compare_cpus(path: Path, spec: ModelSpec, images: NDArray[np.uint8], here: Runner, there: Runner) -> dict[str, Any]:
    """Answers images in two ways, one at a time, and compares labels and probabilities."""
    name = load_graph(path).graph.input[0].name
    both = [runner.run(path, {name: prepare_batch(images, spec.input)}, batch=1) for runner in (here, there)]
    changed = int((both[0].argmax(axis=1) != both[1].argmax(axis=1)).sum())
    return {"images": len(images), "changed": changed, "worst": float(np.abs(both[0] - both[1]).max())}


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("model", type=Path)
    parser.add_argument("photos", type=Path)
    parser.add_argument("--schemes", default="u8s8-pairs,u8s8-7bit-percentile,u8s8", help="or all")
    parser.add_argument("--calibrate", type=int, default=60, help="images")
    parser.add_argument("--count", type=int, help="images to answer; all others by default")
    parser.add_argument("--haswell", type=int, default=0, help="images to answer on an emulated CPU, too")
    parser.add_argument("--seed", type=int, default=0, help="of the order of the images")
    parser.add_argument("--keep", type=Path, help="a folder for the files")
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    place = arguments.photos if arguments.photos.is_dir() else Path(os.environ[VARIABLE], arguments.photos)
    found, good = {}, True
    with ExitStack() as stack:
        folder = arguments.keep or Path(stack.enter_context(tempfile.TemporaryDirectory()))
        folder.mkdir(parents=True, exist_ok=True)
        model = arguments.model
        if model.suffix != ".onnx":
            model = export_model(ExportOptions(model, folder / f"{model.name}.onnx", overwrite=True)).path
        spec = read_spec_of(model)
        if spec is None:
            raise DataError(f"{model} carries no model spec, expected a file of cnnkit export")
        photos = read_photos(place, spec, arguments.calibrate, arguments.count, arguments.seed)
        floating = probabilities(model, photos.answered)
        cpus = [stack.enter_context(cpu()) for cpu in (on_this_cpu, on_haswell)] if arguments.haswell else []
        names = [scheme.name for scheme in SCHEMES] if arguments.schemes == "all" else arguments.schemes.split(",")
        for made in quantized_files(model, spec, photos.calibrating, names, folder):
            one = figures(floating, probabilities(made.path, photos.answered), photos.targets)
            one["bytes"] = [size_without_metadata(path) for path in (model, made.path)]
            one["safe"] = made.refused is None
            if cpus:
                one["haswell"] = compare_cpus(made.path, spec, photos.answered[: arguments.haswell], *cpus)
                good &= not one["safe"] or one["haswell"]["changed"] == 0
            found[made.name] = one
            click.echo(f"{made.name:24} {_told(one)}")
    if arguments.json:
        click.echo(json.dumps(found))
    return int(not good)


def _told(one: dict[str, Any]) -> str:
    same, low, high = (100 * value for value in one["same_label"])
    parts = [f"same label {same:.2f} % ({low:.2f} to {high:.2f}), divergence {one['divergence']:.4f}"]
    if "drop" in one:
        drop, low, high = (100 * value for value in one["drop"])
        parts.append(f"top-1 {100 * one['top1']:.2f} of {100 * one['top1_float']:.2f} %")
        parts.append(f"lost {drop:.2f} ({low:.2f} to {high:.2f}) points")
    parts.append(f"n = {one['images']}")
    before, after = one["bytes"]
    parts.append(f"{after / before:.3f} of the bytes, {'safe' if one['safe'] else 'unsafe'}")
    if "haswell" in one:
        other = one["haswell"]
        parts.append(f"Haswell: {other['changed']} of {other['images']} labels changed, worst {other['worst']:.1e}")
    return ", ".join(parts)


if __name__ == "__main__":
    sys.exit(main())
