"""Judges candidates: lets them answer the held-out images, beside the float model."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.export.quantization.effects import Effect, compare
from cnnkit.export.quantization.held_out import HeldOut
from cnnkit.export.quantization.judged_images import doubts, unlike
from cnnkit.measuring import decided
from cnnkit.runtime import OnnxClassifier
from cnnkit.spec import InputSpec

_REMEMBERED = 128 * 2**20  # bytes of images that are read once; the rest are read again for each candidate

_Chunk = tuple[NDArray[np.uint8], NDArray[np.int64] | None]


class Jury:
    """Images with the float model's answers, against which candidates are judged.

    Args:
        chunks: (n, height, width, channels) uint8 images with (n,) targets, or None; the same each time.
        at_once: Images in one run.
        described: Which images they are, in words.

    Attributes:
        paths: The files that were read for it; none where the images that calibrate judge.
        calibrated: Whether they are the images that calibrate.
    """

    def __init__(self, chunks: Iterable[_Chunk], at_once: int, described: str) -> None:
        self._chunks, self._at_once, self.described = chunks, at_once, described
        self.paths: tuple[Path, ...] = ()
        self.calibrated = False
        self._names: tuple[str, ...] = ()
        self._expected: list[NDArray[np.int64]] = []  # what the float model decides, a chunk each

    @classmethod
    def of_held_out(cls, held_out: HeldOut, taken: InputSpec, at_once: int) -> Jury:
        """Returns a jury of images that calibrate nothing.

        Args:
            held_out: The images, in random order.
            taken: What the models take.
            at_once: Images in one run.
        """
        jury = cls(_Remembered(held_out, taken), at_once, f"{len(held_out.paths):,} other images")
        jury.paths = held_out.paths
        return jury

    @classmethod
    def of_calibration(cls, images: NDArray[np.uint8], at_once: int) -> Jury:
        """Returns a jury of the images that calibrate: they flatter, and tell what is wrong from what is not.

        Args:
            images: (N, height, width, channels) uint8.
            at_once: Images in one run.
        """
        called = "the one image that calibrates" if len(images) == 1 else f"the {len(images):,} images that calibrate"
        jury = cls([(images, None)], at_once, called)
        jury.calibrated = True
        return jury

    def doubts(self, calibrating: NDArray[np.uint8]) -> Iterator[str]:
        """Yields why its verdict may say little, by what float32 has answered so far and how the images look.

        Args:
            calibrating: (N, height, width, channels) uint8, the images that calibrate.
        """
        answered = list(zip(self._chunks, self._expected, strict=False))
        if not answered:
            return
        labels = np.concatenate(self._expected)
        known = [targets for (_, targets), _ in answered if targets is not None]
        yield from doubts(labels, np.concatenate(known) if known else np.zeros(0, np.int64), self._names)
        difference = None if self.calibrated else unlike(calibrating, answered[0][0][0])
        if difference:
            yield difference

    def judge(self, floating: OnnxClassifier, other: OnnxClassifier, most: int | None = None) -> Effect:
        """Compares a model's answers with the float model's, whose answers are asked for once.

        Args:
            floating: The float32 model.
            other: What is compared with it.
            most: Images that it answers; None is all.

        Raises:
            DataError: None of the images can be read.
        """
        before, after, targets = [], [], []
        left = most
        for index, (images, known) in enumerate(self._chunks):
            if index == len(self._expected):
                self._names = () if floating.spec.independent else floating.spec.labels
                self._expected.append(self._labels(floating, images))
            count = len(images) if left is None else min(left, len(images))
            before.append(self._expected[index][:count])
            after.append(self._labels(other, images[:count]))
            targets.append(known[:count] if known is not None else np.zeros(0, np.int64))
            if left is not None:
                left -= count
                if not left:
                    break
        if not before:
            raise DataError("none of the images to measure on can be read")
        return compare(np.concatenate(before), np.concatenate(after), np.concatenate(targets))

    def _labels(self, model: OnnxClassifier, images: NDArray[np.uint8]) -> NDArray[np.int64]:
        parts = [images[start : start + self._at_once] for start in range(0, len(images), self._at_once)]
        return np.concatenate([decided(model.probabilities(part), model.spec.label_limits) for part in parts])


class _Remembered:
    """The chunks of held-out images, the first of which are read once and kept in memory."""

    def __init__(self, held_out: HeldOut, taken: InputSpec) -> None:
        self._held_out, self._taken = held_out, taken
        self._kept: list[_Chunk] = []
        self._next = 0  # the first path that is not in them
        self._said = 0  # the first path whose failure, if it fails, was not said yet

    def __iter__(self) -> Iterator[_Chunk]:
        yield from self._kept
        room = _REMEMBERED - sum(images.nbytes for images, _ in self._kept)
        for images, targets, after in self._held_out.chunks(self._taken, self._next, self._said):
            self._said = max(self._said, after)
            room -= images.nbytes
            if room >= 0:
                self._kept.append((images, targets))
                self._next = after
            yield images, targets
