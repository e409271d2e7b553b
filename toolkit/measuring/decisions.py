"""What answers decide: the likeliest class of each image, or, of independent labels, all that reach their limits."""

from __future__ import annotations

from hashlib import blake2b
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Limits = tuple[float, ...]  # one a label, where labels are independent; empty where one class is right


def decided(probabilities: NDArray[Any], limits: Limits = ()) -> NDArray[np.int64]:
    """Returns one number an image that is the same where the same is decided.

    Args:
        probabilities: (N, classes).
        limits: See `Limits`.

    Returns:
        (N,) the index of the likeliest class; of independent labels a number that stands for their set.
    """
    if not limits:
        return np.asarray(probabilities.argmax(axis=1), np.int64)
    return numbered(above(probabilities, limits))


def above(probabilities: NDArray[Any], limits: Limits) -> NDArray[np.bool_]:
    """Returns (N, labels) whether each independent label reaches its limit."""
    reached: NDArray[np.bool_] = np.asarray(probabilities, np.float32) >= np.array(limits, np.float32)
    return reached


def numbered(sets: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Returns (N,) of (N, labels) sets of labels: equal numbers for equal sets, in whatever array and process."""
    packed = np.packbits(sets, axis=1)
    numbers = {row: int.from_bytes(blake2b(row, digest_size=7).digest()) for row in {row.tobytes() for row in packed}}
    return np.array([numbers[row.tobytes()] for row in packed], np.int64)


def margins(probabilities: NDArray[Any], limits: Limits = ()) -> NDArray[np.float64]:
    """Returns (N,): how far, from 0 to 1, an answer is from another decision.

    That is how far the likeliest class is ahead of the next; of independent labels twice the way of the nearest one to
    its limit.
    """
    if limits:
        nearest: NDArray[np.float64] = 2 * np.abs(probabilities - np.array(limits)).min(axis=1)
        return nearest
    ordered = np.sort(probabilities, axis=1)
    ahead: NDArray[np.float64] = (ordered[:, -1] - ordered[:, -2]).astype(np.float64)
    return ahead
