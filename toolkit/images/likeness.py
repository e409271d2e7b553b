"""How alike two images look: a perceptual hash, and how many of its bits differ."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
from numpy.typing import NDArray

from cnnkit.system import import_cv2

HASH_WORDS = 4  # of 64 bits
ALIKE_BITS = 12  # of 256 that may differ; measured, see the tests
_SIDE = 16  # comparisons a row and a column
_FLAT = 32  # bits that are set at least, else the image is too even to tell it from others


def perceptual_hash(image: NDArray[np.uint8]) -> NDArray[np.uint64]:
    """Returns (4,) uint64: where, in 16 rows of 17 grey means, the next is brighter than the one before it.

    Args:
        image: (H, W, C) uint8.

    Source: the "difference hash" of N. Krawetz, "Kind of Like That", hackerfactor.com, 2013, with four times the bits.
    """
    cv2 = import_cv2()
    small = cv2.resize(image, (_SIDE + 1, _SIDE), interpolation=cv2.INTER_AREA)
    grey = small.reshape(_SIDE, _SIDE + 1, -1).astype(np.int32).sum(axis=2)
    return np.packbits(grey[:, 1:] > grey[:, :-1]).view(np.uint64)


def differing_bits(one: NDArray[np.uint64], other: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns in how many bits hashes differ.

    Args:
        one: (..., 4) uint64.
        other: (..., 4) uint64, of a shape that goes with it.

    Returns:
        (...) int64, 0 to 256.
    """
    counts: NDArray[np.int64] = np.bitwise_count(one ^ other).sum(axis=-1, dtype=np.int64)
    return counts


def telling(hashes: NDArray[np.uint64]) -> NDArray[np.int64]:
    """Returns the rows, rising, of (N, 4) hashes whose images are not too even to be told from others."""
    return np.flatnonzero(np.bitwise_count(hashes).sum(axis=1, dtype=np.int64) >= _FLAT)


def hash_bands(hashes: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Returns (13, N) uint32: the bits of (N, 4) hashes, dealt to one band more than bits may differ.

    Two hashes that differ in at most `ALIKE_BITS` bits are the same in one band at least: only those need be
    compared.

    Source: M. Norouzi, A. Punjani, D. Fleet, "Fast Search in Hamming Space with Multi-Index Hashing", CVPR 2012. Bits
    are dealt in turns, since neighbours are often alike.
    """
    bands = ALIKE_BITS + 1
    bits = np.unpackbits(np.ascontiguousarray(hashes).view(np.uint8), axis=1)
    found = np.zeros((bands, len(hashes)), np.uint32)
    for band in range(bands):
        for column in range(band, bits.shape[1], bands):
            found[band] = found[band] << np.uint32(1) | bits[:, column]
    return found


def equal_runs(keys: NDArray[np.uint32]) -> list[tuple[int, int]]:
    """Returns begin and end of each run of two or more equal keys in a sorted array."""
    edges = np.flatnonzero(np.concatenate(([True], keys[1:] != keys[:-1], [True])))
    return [(int(begin), int(end)) for begin, end in pairwise(edges) if end - begin > 1]
