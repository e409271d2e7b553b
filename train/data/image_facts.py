"""What is known of images without keeping their pixels: a digest each, and the sums that a standardisation needs."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.images import HASH_WORDS, perceptual_hash
from cnnkit.system import import_cv2

DIGEST_BYTES = 32
_CHUNK = 256  # images measured together


@dataclass(frozen=True)
class ImageFacts:
    """Figures of N images."""

    digests: NDArray[np.uint8]  # (N, 32) SHA-256 of each image's pixels
    sums: NDArray[np.int64]  # (N,) sum of each image's values
    squares: NDArray[np.int64]  # (N,) sum of their squares
    hashes: NDArray[np.uint64]  # (N, 4) perceptual hashes, see `cnnkit.images.likeness`

    @classmethod
    def empty(cls, count: int) -> ImageFacts:
        """Returns zeros for so many images."""
        digests, sums = np.zeros((count, DIGEST_BYTES), np.uint8), np.zeros(count, np.int64)
        return cls(digests, sums, sums.copy(), np.zeros((count, HASH_WORDS), np.uint64))

    def take(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Returns the facts at some rows."""
        return ImageFacts(self.digests[rows], self.sums[rows], self.squares[rows], self.hashes[rows])

    def put(self, rows: NDArray[np.int64] | slice, facts: ImageFacts) -> None:
        """Fills some rows."""
        self.digests[rows], self.sums[rows], self.squares[rows] = facts.digests, facts.sums, facts.squares
        self.hashes[rows] = facts.hashes


def measure_images(images: NDArray[np.uint8]) -> ImageFacts:
    """Measures (N, H, W, C) uint8 images; all sums are exact."""
    cv2 = import_cv2()
    facts = ImageFacts.empty(len(images))
    for row, image in enumerate(images):
        flat = np.ascontiguousarray(image).reshape(image.shape[0], -1)
        facts.digests[row] = np.frombuffer(hashlib.sha256(flat.data).digest(), np.uint8)
        facts.sums[row] = cv2.sumElems(flat)[0]
        facts.squares[row] = cv2.norm(flat, cv2.NORM_L2SQR)
        facts.hashes[row] = perceptual_hash(image)
    return facts


class FactsCache:
    """Measures images when they are first asked for, a few at a time.

    Args:
        count: How many images there are.
        read: From rows to (n, H, W, C) uint8.
    """

    def __init__(self, count: int, read: Callable[[NDArray[np.int64]], NDArray[np.uint8]]) -> None:
        self._read = read
        self._known = np.zeros(count, np.bool_)
        self._facts = ImageFacts.empty(count)

    def take(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Returns the facts of some images."""
        missing = rows[~self._known[rows]]
        for start in range(0, len(missing), _CHUNK):
            part = missing[start : start + _CHUNK]
            self._facts.put(part, measure_images(self._read(part)))
        self._known[missing] = True
        return self._facts.take(rows)
