"""Where images lie: in memory, in memory at another size, or in files that are decoded whenever they are read."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.images import resize_image
from cnnkit.sources import read_images
from cnnkit.spec import InputSpec
from cnnkit.train.data.image_facts import FactsCache, ImageFacts
from cnnkit.train.data.ordered_reading import decoding_pool, thread_count


class ImageStore(Protocol):
    """Images of one size that are read by their row."""

    @property
    def in_memory(self) -> bool:
        """Whether reading is a mere copy."""
        ...

    @property
    def paths(self) -> Sequence[str]:
        """The file of each image; empty where they lie in none."""
        ...

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Returns (n, height, width, channels) uint8 in the spec's colour order."""
        ...

    def facts(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Returns what is known of some images without keeping their pixels."""
        ...


class MemoryStore:
    """Images in one array.

    Args:
        images: (N, height, width, channels) uint8.
        facts: Of all of them, where they have been measured.
        paths: The files they were read from, where there are any.
    """

    in_memory = True

    def __init__(self, images: NDArray[np.uint8], facts: ImageFacts | None = None, paths: Sequence[str] = ()) -> None:
        self.paths = paths
        self._images = images
        self._facts = facts or FactsCache(len(images), self.read)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Copies images."""
        return self._images[rows]

    def facts(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Measures what has not been measured."""
        return self._facts.take(rows)


class ResizedStore:
    """Images in one array that are brought to a model's size whenever they are read, as `predict` would.

    Args:
        images: (N, H, W, 3) uint8 RGB of any size.
        spec: Size and colour order that is wanted.
    """

    in_memory = False
    paths = ()

    def __init__(self, images: NDArray[np.uint8], spec: InputSpec) -> None:
        self._images, self._spec = images, spec
        self._facts = FactsCache(len(images), self.read)

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Resizes images."""
        return resize_all(self._images[rows], self._spec)

    def facts(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Measures what has not been measured."""
        return self._facts.take(rows)


class FileStore:
    """Image files, decoded on threads whenever they are read.

    Args:
        paths: Files that could be read once.
        spec: Size and colour order that is wanted.
        facts: Of all of them.
        max_pixels: The most pixels to decode of one image.
    """

    in_memory = False

    def __init__(self, paths: Sequence[str], spec: InputSpec, facts: ImageFacts, max_pixels: int) -> None:
        self.paths, self._spec, self._facts, self._max_pixels = tuple(paths), spec, facts, max_pixels

    def read(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        """Decodes and resizes images.

        Raises:
            DataError: One of them cannot be read any more.
        """
        parts = np.array_split(rows, max(1, min(thread_count(), len(rows))))
        return np.concatenate(list(decoding_pool().map(self._read_part, parts)))

    def facts(self, rows: NDArray[np.int64]) -> ImageFacts:
        """Returns what the first reading measured."""
        return self._facts.take(rows)

    def _read_part(self, rows: NDArray[np.int64]) -> NDArray[np.uint8]:
        paths = [Path(self.paths[row]) for row in rows]
        images, failures = read_images(paths, self._spec, max_pixels=self._max_pixels, warn=False)
        if failures:
            raise DataError(
                f"{failures[0]}; it could be read before the training began: put it back and go on with --resume"
            )
        return images


def resize_all(images: NDArray[np.uint8], spec: InputSpec) -> NDArray[np.uint8]:
    """Brings (N, H, W, 3) uint8 RGB images to the spec's size and colour, as `predict` would."""
    if spec.channels == 3 and images.shape[1:3] == (spec.height, spec.width):
        return images if spec.color == "rgb" else np.ascontiguousarray(images[..., ::-1])
    return np.stack([resize_image(image, spec) for image in images])


def array_store(images: NDArray[np.uint8], spec: InputSpec, limit: int) -> ImageStore:
    """Makes the store of (N, H, W, 3) uint8 RGB images: at the spec's size where that takes up to `limit` bytes."""
    if images.shape[1:3] == (spec.height, spec.width) or len(images) * image_bytes(spec) <= limit:
        return MemoryStore(resize_all(images, spec))
    return ResizedStore(images, spec)


def image_bytes(spec: InputSpec) -> int:
    """Returns how many bytes a decoded image has."""
    return spec.height * spec.width * spec.channels
