"""Images with their classes, in the three splits that a training needs."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from cnnkit.spec import DatasetRecord
from cnnkit.train.data.image_facts import ImageFacts
from cnnkit.train.data.image_stores import ImageStore, MemoryStore
from cnnkit.train.data.likeness import LikePairs, find_alike
from cnnkit.train.data.ordered_reading import ReadAhead


@dataclass(frozen=True)
class Split:
    """Images of one size with their classes; the pixels may lie in files and are read a few at a time."""

    store: ImageStore
    rows: NDArray[np.int64]  # (N,) where each image lies in the store
    targets: NDArray[np.int64]  # (N,) index into the labels

    @classmethod
    def of(cls, images: NDArray[np.uint8], targets: NDArray[np.int64]) -> Split:
        """Makes a split of (N, height, width, channels) uint8 images in memory."""
        return cls.whole(MemoryStore(images), targets)

    @classmethod
    def whole(cls, store: ImageStore, targets: NDArray[np.int64]) -> Split:
        """Makes a split of all images of a store."""
        return cls(store, np.arange(len(targets), dtype=np.int64), targets)

    def __len__(self) -> int:
        return len(self.targets)

    def take(self, indices: NDArray[np.int64]) -> Split:
        """Returns the images at some indices, which are not copied."""
        return Split(self.store, self.rows[indices], self.targets[indices])

    def read(self, indices: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Returns the (n, height, width, channels) uint8 images at some indices, in their order."""
        return self.store.read(self.rows[indices])

    @property
    def images(self) -> NDArray[np.uint8]:
        """(N, height, width, channels) uint8: all images at once, for splits that are known to be small."""
        return self.store.read(self.rows)

    def batches(self, size: int) -> Iterator[NDArray[np.uint8]]:
        """Gives the images in order, up to `size` of them at a time."""

        def make(index: int) -> NDArray[np.uint8]:
            return self.store.read(self.rows[index * size : (index + 1) * size])

        count = -(-len(self) // size)
        if self.store.in_memory:
            yield from map(make, range(count))
        else:
            ahead = ReadAhead(make, count)
            yield from map(ahead.take, range(count))

    def paths(self) -> tuple[str, ...]:
        """Returns the file of each image, in order; none where the images lie in no files."""
        known = self.store.paths
        return tuple(known[row] for row in self.rows.tolist()) if known else ()

    def facts(self) -> ImageFacts:
        """Returns the figures of all images."""
        return self.store.facts(self.rows)


@dataclass(frozen=True)
class ClassRecord:
    """What one class has over all splits."""

    images: int
    fingerprint: str  # the first 16 hexadecimal digits of a SHA-256 over their digests, sorted


@dataclass(frozen=True)
class Dataset:
    """What a network is trained, chosen and, once, tested on."""

    name: str
    labels: tuple[str, ...]
    train: Split
    validation: Split
    test: Split | None
    names: tuple[str, ...] = ()  # where labels do not exclude one another: all of them; `labels` are sets of them then
    sets: tuple[tuple[str, ...], ...] = ()  # for each of `labels` which of `names` it stands for

    @property
    def outputs(self) -> tuple[str, ...]:
        """The labels of the network that learns it, in output order."""
        return self.names or self.labels

    def wanted(self) -> NDArray[np.float32]:
        """Returns (labels, outputs): 1 where a network is to give 1, else 0."""
        if not self.names:
            return np.eye(len(self.labels), dtype=np.float32)
        return np.array([[name in one for name in self.names] for one in self.sets], np.float32)

    def splits(self) -> dict[str, Split]:
        """Returns the splits that there are, by name."""
        every = {"train": self.train, "validation": self.validation, "test": self.test}
        return {name: split for name, split in every.items() if split is not None}

    def alike(self) -> list[LikePairs]:
        """Finds images that are nearly the same and in different splits."""
        return find_alike({name: split.facts().hashes for name, split in self.splits().items()})

    def record(self) -> DatasetRecord:
        """Returns the name, the image counts and a SHA-256 over the digests of all images and their classes."""
        digest = hashlib.sha256(repr(self.labels).encode())
        for split in self.splits().values():
            digest.update(split.facts().digests.tobytes())
            digest.update(split.targets.astype("<i8").tobytes())
        return DatasetRecord(self.name, {name: len(split) for name, split in self.splits().items()}, digest.hexdigest())

    def classes(self) -> dict[str, ClassRecord]:
        """Returns what each class has, by its name, whatever split its images are in."""
        splits = self.splits().values()
        digests = np.concatenate([split.facts().digests for split in splits])
        targets = np.concatenate([split.targets for split in splits])
        return {label: _record_class(digests[targets == index]) for index, label in enumerate(self.labels)}


def _record_class(digests: NDArray[np.uint8]) -> ClassRecord:
    """Records a class by the (n, 32) digests of its images."""
    whole = hashlib.sha256(b"".join(sorted(map(bytes, digests))))
    return ClassRecord(len(digests), whole.hexdigest()[:16])


@dataclass(frozen=True)
class SplitOptions:
    """How images are divided where the dataset does not say so itself."""

    validation: float = 0.1  # share of the training images held out to choose the epoch
    test: float = 0.2  # share of all images held out to measure with; only where there is no test split
    seed: int = 0
