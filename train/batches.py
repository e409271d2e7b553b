"""Batches for Keras: shuffled anew each epoch in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.train.data import Split
from cnnkit.train.ordered_reading import ReadAhead

_LARGEST_BATCH = 256  # images
_BATCH_PIXELS = 2**21


def epoch_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Returns the order in which an epoch visits `count` images; the same on every machine and after every resume."""
    return np.random.default_rng((seed, epoch)).permutation(count)


def make_batches(
    split: Split, classes: int, batch_size: int, *, seed: int | None = None, epoch: int = 0, used: int | None = None
) -> Any:
    """Makes a keras.utils.PyDataset of ({"image": uint8, "target": one-hot float32}, one-hot float32) batches.

    Args:
        split: The images.
        classes: How many classes the one-hot targets have.
        batch_size: Images a batch; the last one may be smaller.
        seed: Shuffles with this seed; None keeps the order.
        epoch: The epoch, counted from 0, at which an interrupted training goes on.
        used: Give so many of the images, shuffled others each epoch; None gives all.
    """
    import keras

    one_hot = np.eye(classes, dtype=np.float32)
    count = len(split) if used is None else used

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """Reads batches; those that are not in memory ahead of the training."""

        def __init__(self) -> None:
            super().__init__()
            self._epoch = epoch
            self._get = self._make if split.store.in_memory else ReadAhead(self._make, len(self)).take
            self.failure: DataError | None = None
            self._shuffle()

        def _shuffle(self) -> None:
            count = len(split)
            self._order = np.arange(count) if seed is None else epoch_order(count, seed, self._epoch)

        def __len__(self) -> int:
            return -(-count // batch_size)

        def __getitem__(self, index: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32]]:
            try:
                return self._get(index)
            except DataError as error:
                self.failure = error  # Keras wraps what is raised here in errors of the backend
                raise

        def _make(self, index: int) -> tuple[dict[str, NDArray[Any]], NDArray[np.float32]]:
            chosen = self._order[index * batch_size : min((index + 1) * batch_size, count)]
            target = one_hot[split.targets[chosen]]
            return {"image": split.read(chosen), "target": target}, target

        def on_epoch_end(self) -> None:
            self._epoch += 1
            self._shuffle()

    return Batches()


@contextmanager
def reading_failures(*batches: Any) -> Iterator[None]:
    """Raises, instead of what the backend makes of it, the error for which a batch could not be read.

    Raises:
        DataError: A file cannot be read any more.
    """
    try:
        yield
    finally:
        failures = [failure for failure in (part.failure for part in batches) if failure is not None]
        if failures:
            raise failures[0]


def inference_batch(height: int, width: int, copies: int = 1) -> int:
    """Returns how many images are run together where none is learned from: 256, and fewer of large ones.

    Args:
        height: Pixels.
        width: Pixels.
        copies: The result is a multiple of this.
    """
    fitting = 1 << max(1, _BATCH_PIXELS // (height * width)).bit_length() - 1  # a power of two
    return max(1, min(_LARGEST_BATCH, fitting) // copies) * copies
