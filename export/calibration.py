"""Calibration images as onnxruntime's quantizer takes them, and which images are left to measure on."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.images import prepare_batch
from cnnkit.spec import InputSpec
from cnnkit.system import sha256


def without(paths: Iterable[Path], hashes: frozenset[str]) -> list[Path]:
    """Returns the paths whose content is not among the hashes, whatever they are called.

    What cannot be read is among the returned, for whoever reads it to say so.
    """
    return [path for path in paths if _content(path) not in hashes]


def _content(path: Path) -> str | None:
    """Returns the SHA-256 of a file; None where it cannot be read, or is a pipe or device, which might never end."""
    try:
        return sha256(path) if path.is_file() else None
    except OSError:
        return None


class CalibrationReader:
    """Feeds calibration images to onnxruntime's quantizer, one batch in memory at a time.

    Args:
        images: (N, height, width, channels) uint8.
        taken: What the graph takes.
        name: The name of the graph's input.
        batch: Images at once.
    """

    def __init__(self, images: NDArray[np.uint8], taken: InputSpec, name: str, batch: int) -> None:
        self._images, self._taken, self._name, self._batch = images, taken, name, batch
        self._next, self._end = 0, len(self)

    def get_next(self) -> dict[str, NDArray[np.uint8] | NDArray[np.float32]] | None:
        """Returns the next feed; None after the last one."""
        if self._next >= self._end:
            return None
        start = self._next * self._batch
        self._next += 1
        return {self._name: prepare_batch(self._images[start : start + self._batch], self._taken)}

    def __len__(self) -> int:
        return -(-len(self._images) // self._batch)

    def set_range(self, start_index: int, end_index: int) -> None:
        """Starts again with a part of the batches."""
        self._next, self._end = start_index, end_index
