"""The checkpoint of a run: everything the next epoch depends on, in one file of plain arrays."""

from __future__ import annotations

import json
import zipfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.system import parse_json, whole_file

CHECKPOINT_FILE = "checkpoint.npz"


@dataclass(frozen=True)
class Checkpoint:
    """The state after a finished epoch."""

    history: tuple[dict[str, float], ...]  # one row an epoch
    state: dict[str, NDArray[Any]]  # Trainer.state()


def save_checkpoint(folder: Path, checkpoint: Checkpoint) -> None:
    """Writes the checkpoint into a run folder, whole or not at all."""
    with whole_file(folder / CHECKPOINT_FILE) as path, path.open("wb") as file:
        arrays: dict[str, Any] = {"history": np.array(json.dumps(checkpoint.history)), **checkpoint.state}
        np.savez(file, **arrays)


def load_checkpoint(folder: Path) -> Checkpoint | None:
    """Reads a run folder's checkpoint; None when no epoch was finished.

    Raises:
        DataError: The file is damaged.
    """
    path = folder / CHECKPOINT_FILE
    if not path.exists():
        return None
    try:
        with path.open("rb") as file, np.load(file, allow_pickle=False) as arrays:
            state = {name: arrays[name] for name in arrays.files}
        history = parse_json(str(state.pop("history")))
    except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile) as error:
        raise DataError(f"{path} is damaged ({error}): train again with --overwrite") from error
    return Checkpoint(tuple(history), state)
