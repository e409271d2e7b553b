"""The run folder: model.keras, spec.json, config.json, history.csv, metrics.json, plots/."""

from __future__ import annotations

import csv
import dataclasses
import io
import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.errors import DataError, OutputError, UsageError
from cnnkit.spec import ModelSpec, write_spec
from cnnkit.system import (
    check_new_folder,
    check_space,
    check_writable,
    parse_json,
    read_regular,
    whole_file,
    write_text,
)
from cnnkit.train.data import ClassRecord
from cnnkit.train.fitting import CHECKPOINT_FILE as CHECKPOINT
from cnnkit.train.recipes import CONFIG_FILE, Recipe
from cnnkit.train.runs.resuming import refuse_change, trains_longer
from cnnkit.train.transfer import FeatureFiles


@dataclass(frozen=True)
class RunConfig:
    """All that decides a training's outcome, but for the images themselves."""

    data: str  # dataset name; a folder's own name without its path
    architecture: str
    recipe: Recipe
    size: int  # pixels a side
    color: str  # rgb or gray
    resize: str  # squash, crop or pad
    validation: float  # share of the training images
    seed: int
    mixed_precision: bool
    max_images: int | None
    teacher: str | None  # SHA-256 of its model.keras
    fingerprint: str  # SHA-256 of the images and classes
    earlier: str | None = None  # SHA-256 of the model.keras that the training begins with
    images: Mapping[str, int] | None = None  # how many each split has
    val_data: str | None = None  # name of the folder that chooses the epoch, where one was given
    test_data: str | None = None  # name of the folder to measure with, where one was given
    weights: str | None = None  # SHA-256 of the file that it started from, where one was given
    classes: Mapping[str, ClassRecord] | None = None  # what each class has, over all splits
    folds: int | None = None  # of a cross-validation
    search: str | None = None  # algorithm, objective and space of a search, as JSON


class RunFolder:
    """A folder that one training writes, each file whole or not at all."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.model = path / "model.keras"
        self.plots = path / "plots"

    def check(self, *, resume: bool, overwrite: bool) -> None:
        """Refuses a folder that cannot take the run, before anything is read or made.

        Raises:
            UsageError: The folder holds a run and neither `resume` nor `overwrite` is set.
            OutputError: It is a file, or cannot be made or written.
        """
        check_new_folder(self.path, overwrite=True)
        if (self.path / CONFIG_FILE).exists() and not (resume or overwrite):
            raise UsageError(
                f"{self.path} holds a run already: go on with --resume, start anew with --overwrite, or name --out"
            )

    def start(self, config: RunConfig, kept_bytes: int, *, resume: bool, overwrite: bool) -> None:
        """Makes the folder, or takes one up again.

        Args:
            config: What is trained.
            kept_bytes: How large model and checkpoint will be. There must be room for them twice, since a new one is
                written whole before an old one goes.
            resume: Take a run up again.
            overwrite: Replace a run.

        Raises:
            UsageError: The folder holds a run and neither `resume` nor `overwrite` is set, or the run to be resumed
                was started with other options.
            OutputError: The folder cannot be made or written, or the disk has no room.
        """
        self.check(resume=resume, overwrite=overwrite)
        stored = self.path / CONFIG_FILE
        going_on = resume and stored.exists()
        alone = config.folds is None and config.search is None  # trainings of other lengths are not to be compared
        longer = going_on and alone and trains_longer(stored, _config_fields(config))
        if going_on and not longer:
            refuse_change(stored, _config_fields(config))
        there = sum(path.stat().st_size for path in (self.model, self.path / CHECKPOINT) if path.exists())
        check_space(self.path, 2 * kept_bytes - there)
        try:
            self.plots.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make {self.path}: {error.strerror or error}") from error
        check_writable(self.path)
        check_writable(self.plots)
        if not going_on:
            self._clear()
        if longer or not going_on:
            write_text(stored, _json(_config_fields(config)))

    def read_finished(self, config: RunConfig) -> tuple[dict[str, Any], tuple[dict[str, float], ...]] | None:
        """Returns the metrics and the history of a training that has come to its end; None where it has not.

        Raises:
            UsageError: It was trained with other options.
            DataError: One of its files is damaged.
        """
        files = [self.path / name for name in ("metrics.json", "spec.json", "history.csv")]
        if not all(file.is_file() for file in files):
            return None
        refuse_change(self.path / CONFIG_FILE, _config_fields(config))
        try:
            with (self.path / "history.csv").open(encoding="utf-8", newline="") as file:
                history = tuple({name: float(value) for name, value in row.items()} for row in csv.DictReader(file))
            return parse_json(read_regular(self.path / "metrics.json")), history
        except (ValueError, TypeError) as error:
            raise DataError(f"{self.path} holds a damaged run ({error!r}): train it again with --overwrite") from error

    def _clear(self) -> None:
        try:
            for name in (CHECKPOINT, "model.keras", "spec.json", "history.csv", "metrics.json"):
                (self.path / name).unlink(missing_ok=True)
            FeatureFiles(self.path).clear()
        except OSError as error:
            raise OutputError(f"cannot replace the run in {self.path}: {error.strerror or error}") from error

    def save_model(self, network: Any) -> None:
        """Writes the network of the best epoch: no optimizer state, no training-only layers."""
        with whole_file(self.model) as path:
            network.save(path)

    def save_history(self, history: Sequence[Mapping[str, float]]) -> None:
        """Writes one CSV row an epoch."""
        text = io.StringIO()
        # The first epochs of a run that is gone on with may be of a version that wrote fewer columns.
        writer = csv.DictWriter(text, fieldnames=list(history[-1]), restval="nan", lineterminator="\n")
        writer.writeheader()
        writer.writerows({**row, "epoch": int(row["epoch"])} for row in history)
        write_text(self.path / "history.csv", text.getvalue())

    def save_metrics(self, metrics: Mapping[str, Any]) -> None:
        """Writes metrics.json; accuracies are fractions."""
        write_text(self.path / "metrics.json", _json(metrics))

    def save_spec(self, spec: ModelSpec) -> None:
        """Writes the spec of model.keras."""
        write_text(self.path / "spec.json", write_spec(spec, indent=2) + "\n")


def _config_fields(config: RunConfig) -> dict[str, Any]:
    fields: dict[str, Any] = json.loads(json.dumps(dataclasses.asdict(config)))
    return fields


def _json(value: Any) -> str:
    return json.dumps(value, indent=2, ensure_ascii=False, allow_nan=False) + "\n"
