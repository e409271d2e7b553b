"""Reads run folders back: what was trained, how, and what came of it."""

from __future__ import annotations

import csv
import json
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from typing import Any

from cnnkit.errors import DataError
from cnnkit.spec import read_spec
from cnnkit.train.architectures import NetworkShape, build_network
from cnnkit.train.architectures.choosing import add_option, choose_architecture
from cnnkit.train.architectures.counting import multiply_adds


@dataclass(frozen=True)
class FinishedRun:
    """One training as its run folder tells it."""

    name: str  # of the folder
    architecture: str
    recipe: str
    batch_size: int
    data: str
    fingerprint: str  # of the images
    images: dict[str, int]  # of each split
    seed: int
    epochs: int  # that were trained
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
        spec = read_spec((folder / "spec.json").read_text(encoding="utf-8"))
        with (folder / "history.csv").open(encoding="utf-8", newline="") as file:
            speeds = [float(row["images_per_s"]) for row in csv.DictReader(file)]
        record = spec.provenance.dataset if spec.provenance else None
        shape = NetworkShape(spec.input.height, spec.input.width, spec.input.channels, len(spec.labels), 0, 255.0)
        network = build_network(_without_weights(config["architecture"]), shape)
        return FinishedRun(
            name=folder.resolve().name,
            architecture=config["architecture"],
            recipe=config["recipe"]["name"],
            batch_size=config["recipe"]["batch_size"],
            data=config["data"],
            fingerprint=config["fingerprint"],
            images=dict(record.images) if record else {},
            seed=config["seed"],
            epochs=len(speeds),
            trained_on=metrics.get("trained_on", ""),
            parameters=int(network.count_params()),
            multiply_adds=multiply_adds(network),
            images_per_s=median(speeds),
            split=metrics["split"],
            top1=metrics["top1"],
            low=metrics["low"],
            high=metrics["high"],
            measured=metrics["images"],
        )
    except OSError as error:
        raise DataError(
            f"{folder} is no finished run: {error.filename}: {error.strerror}; finish it with --resume"
        ) from error
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{folder} holds a damaged run ({error!r}): train it again with --overwrite") from error


def _json(path: Path) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return fields


def _without_weights(text: str) -> str:
    """Returns the architecture with random weights, where it would load others."""
    options = choose_architecture(text).options
    return add_option(text, "weights", "none") if getattr(options, "weights", "none") != "none" else text
