"""Batches for Keras: shuffled anew each epoch in an order that depends on the seed and the epoch alone."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.train.data.dataset import Split
from cnnkit.train.data.device_images import DeviceImages
from cnnkit.train.data.ordered_reading import ReadAhead
from cnnkit.train.data.step_groups import Span, spans, steps_together

_LARGEST_BATCH = 256  # images
_BATCH_PIXELS = 2**21

Batch = tuple[dict[str, Any], Any]  # of NumPy's arrays, or the device's


def epoch_order(count: int, seed: int, epoch: int) -> NDArray[np.int64]:
    """Returns the order in which an epoch visits `count` images; the same on every machine and after every resume."""
    return np.random.default_rng((seed, epoch)).permutation(count)


class _Source:
    """The batches of the running epoch, from the images' store or, where they lie there, from the device."""

    def __init__(
        self, split: Split, targets: NDArray[np.float32], calls: list[Span], held: DeviceImages | None
    ) -> None:
        self._split, self._targets, self._calls, self._held = split, targets, calls, held
        reads = held is not None or split.store.in_memory
        self.get: Callable[[int], Batch] = self._take if reads else ReadAhead(self._take, len(calls)).take

    def set_order(self, order: NDArray[np.int64]) -> None:
        """Begins an epoch that visits the images in this order."""
        self._order = order
        if self._held is not None:
            self._held.set_order(order)

    def _take(self, index: int) -> Batch:
        start, count = self._calls[index]
        if self._held is not None:
            image, target = self._held.take(start, count)
        else:
            chosen = self._order[start : start + count]
            image, target = self._split.read(chosen), self._targets[chosen]
        return {"image": image, "target": target}, target


def make_batches(
    split: Split,
    wanted: NDArray[np.float32],
    batch_size: int,
    *,
    seed: int | None = None,
    epoch: int = 0,
    used: int | None = None,
    device_bytes: int = 0,
    grouped: bool = False,
) -> Any:
    """Makes a keras.utils.PyDataset of ({"image": uint8, "target": float32}, float32) batches.

    Args:
        split: The images.
        wanted: (labels, outputs) what a network is to give for each label: one-hot, or sets of independent labels.
        batch_size: Images a batch; the last one may be smaller.
        seed: Shuffles with this seed; None keeps the order.
        epoch: The epoch, counted from 0, at which an interrupted training goes on.
        used: Give so many of the images, shuffled others each epoch; None gives all.
        device_bytes: Images in memory that take no more than this are copied to the device once, and their batches are
            arrays there; JAX only.
        grouped: Give batches that lie on the device several at once, for `grouping_model`.

    Returns:
        The dataset; its `last_steps` are the steps, counted from 0, that each of its items ends with.
    """
    targets = wanted[split.targets]
    count = len(split) if used is None else used
    each = split.read(np.arange(1)).size if len(split) and split.store.in_memory else 0
    held = DeviceImages(split.images, targets) if 0 < each * len(split) <= device_bytes else None
    calls = spans(count, batch_size, steps_together(count, batch_size, each) if held and grouped else 1)
    source = _Source(split, targets, calls, held)

    def start_epoch(number: int) -> None:
        source.set_order(np.arange(len(split)) if seed is None else epoch_order(len(split), seed, number))

    return _dataset(source.get, [-(-(start + size) // batch_size) - 1 for start, size in calls], start_epoch, epoch)


def _dataset(get: Callable[[int], Batch], last_steps: list[int], start_epoch: Callable[[int], None], epoch: int) -> Any:
    """Makes the keras.utils.PyDataset of what `get` gives, beginning with an epoch."""
    import keras

    class Batches(keras.utils.PyDataset):  # type: ignore[misc]
        """Gives one epoch after the other."""

        def __init__(self) -> None:
            super().__init__()
            self.last_steps = last_steps
            self.failure: DataError | None = None
            self._epoch = epoch
            start_epoch(epoch)

        def __len__(self) -> int:
            return len(last_steps)

        def __getitem__(self, index: int) -> Batch:
            try:
                return get(index)
            except DataError as error:
                self.failure = error  # Keras wraps what is raised here in errors of the backend
                raise

        def on_epoch_end(self) -> None:
            self._epoch += 1
            start_epoch(self._epoch)

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
