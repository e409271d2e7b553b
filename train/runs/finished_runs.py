"""Reads run folders back: what was trained, how, and what came of it."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cnnkit.errors import CnnkitError, DataError
from cnnkit.runtime import multiply_adds
from cnnkit.spec import read_spec
from cnnkit.system import parse_json, read_regular
from cnnkit.train.architectures import NetworkShape, build_network, named_in, without_weights
from cnnkit.train.fitting import finished_epochs, should_stop
from cnnkit.train.recipes import Recipe, load_recipe
from cnnkit.train.runs.reproducing import train_command


@dataclass(frozen=True)
class FinishedRun:
    """One training as its run folder tells it."""

    name: str  # of the folder
    architecture: str
    recipe: str
    batch_size: int
    command: str  # that repeats it
    data: str
    labels: tuple[str, ...]
    fingerprint: str  # of the images
    images: dict[str, int]  # of each split
    seed: int
    epochs: int  # that the recipe asks for
    trained: int  # epochs until early stopping, or all of them
    trained_on: str  # devices and CPU, empty where it is not recorded
    parameters: int
    multiply_adds: int  # of one image
    images_per_s: float  # median over the epochs
    split: str  # what top1 was measured on
    top1: float  # 0 to 1
    low: float  # end of the 95 % interval
    high: float
    measured: int  # images


def read_run(folder: Path) -> FinishedRun:
    """Reads a run folder; the network is built anew to be counted, without its weights.

    Raises:
        DataError: A file is missing or damaged: the training has not come to its end.
    """
    try:
        config, metrics = (_json(folder / name) for name in ("config.json", "metrics.json"))
        spec = read_spec(read_regular(folder / "spec.json"))
        recipe = load_recipe(str(folder / "config.json"))
        history = _history(folder / "history.csv", recipe)
        record = spec.provenance.dataset if spec.provenance else None
        taken, classes = spec.input, len(spec.labels)
        shape = NetworkShape(taken.height, taken.width, taken.channels, classes, 0, 255.0, spec.independent)
        architecture = named_in(config["architecture"], folder / "config.json", "such a run is not listed")
        network = build_network(without_weights(architecture), shape)
        return FinishedRun(
            name=folder.resolve().name,
            architecture=architecture,
            recipe=recipe.name,
            batch_size=recipe.batch_size,
            command=train_command(config, recipe),
            data=config["data"],
            labels=spec.labels,
            fingerprint=config["fingerprint"],
            images=dict(record.images) if record else {},
            seed=config["seed"],
            epochs=recipe.epochs,
            trained=finished_epochs(history),
            trained_on=metrics.get("trained_on", ""),
            parameters=int(network.count_params()),
            multiply_adds=multiply_adds(network),
            images_per_s=median(row["images_per_s"] for row in history),
            split=metrics["split"],
            top1=float(metrics["top1"]),
            low=float(metrics["low"]),
            high=float(metrics["high"]),
            measured=int(metrics["images"]),
        )
    except OSError as error:
        raise DataError(
            f"{folder} is no finished run: {error.filename}: {error.strerror}; finish it with --resume"
        ) from error
    except CnnkitError as error:
        raise DataError(f"{folder} cannot be read back: {error}") from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} holds a damaged run ({error!r}): train it again with --overwrite") from error


def _history(path: Path, recipe: Recipe) -> list[dict[str, float]]:
    with path.open(encoding="utf-8", newline="") as file:
        history = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
    if finished_epochs(history) != recipe.epochs and not should_stop(history, recipe):
        raise ValueError(f"history.csv has {finished_epochs(history)} of {recipe.epochs} epochs")
    return history


def _json(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = parse_json(read_regular(path))
    return fields
