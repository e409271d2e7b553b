"""Features that are computed already, kept in the run folder until the head is fitted: a stopped run goes on."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.system import log, whole_file

_FOLDER = "features"


class FeatureFiles:
    """Arrays of features by name, computed once.

    Args:
        run: The run folder; None keeps nothing.
    """

    def __init__(self, run: Path | None) -> None:
        self._folder = None if run is None else run / _FOLDER

    def get(self, name: str, compute: Callable[[], NDArray[np.float32]]) -> NDArray[np.float32]:
        """Returns the (N, F) float32 features of that name, computing and keeping what is not there.

        Raises:
            OutputError: They cannot be kept.
        """
        if self._folder is None:
            return compute()
        path = self._folder / f"{name}.npy"
        kept = _read(path) if path.is_file() else None
        if kept is not None:
            return kept
        features = compute()
        try:
            self._folder.mkdir(exist_ok=True)
        except OSError as error:
            raise OutputError(f"cannot make {self._folder}: {error.strerror or error}") from error
        with whole_file(path) as temporary, temporary.open("wb") as file:
            np.save(file, features, allow_pickle=False)
        return features

    def clear(self) -> None:
        """Removes what is kept."""
        if self._folder is not None:
            shutil.rmtree(self._folder, ignore_errors=True)


def _read(path: Path) -> NDArray[np.float32] | None:
    """Returns what a file holds; None where it is damaged, as after a power cut, which is said."""
    try:
        kept: NDArray[np.float32] = np.load(path, allow_pickle=False)
    except (OSError, ValueError, EOFError) as error:
        log.warning("%s is damaged (%s): computed anew", path, error)
        return None
    return kept
