"""Runs a model over images batch by batch; of an image only its probabilities and what pictures show are kept."""

from __future__ import annotations

import heapq
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Classifier
from cnnkit.errors import ImageError, ModelError
from cnnkit.sources import LabelledImages, none_readable, stop_at_failures
from cnnkit.system import log
from cnnkit.train.evaluation.data import EvaluationData
from cnnkit.train.progress import StepBar

RANKS = 5  # classes named for each image
LOWEST_PROBABILITY = 1e-7  # what the logarithm of a loss takes at least, as Keras does


@dataclass(frozen=True)
class ReadingOptions:
    """How images are read, run and kept."""

    batch_size: int = 64  # images
    flip: bool = False  # averages the answers for each image and its mirror image
    strict: bool = False  # stops at the first image that cannot be read or is damaged
    worst: int = 24  # mistakes kept as pictures
    shown: int = 0  # random images kept as pictures
    seed: int = 0  # of the random images
    named: tuple[str, ...] = ()  # sources of images that are kept as pictures, in this order


@dataclass(frozen=True)
class Shown:
    """An image with its answer, for a picture."""

    index: int  # among the images that could be read
    image: NDArray[np.uint8]  # (height, width, channels) in the spec's colour order
    target: int  # index of the label
    predicted: int  # index of the label
    probability: float  # of `predicted`, 0 to 1


@dataclass(frozen=True)
class Answers:
    """A model's answers to images with known classes."""

    labels: tuple[str, ...]
    sources: tuple[str, ...]  # (N,) paths, or indices in a dataset's split
    targets: NDArray[np.int64]  # (N,) index into `labels`
    probabilities: NDArray[np.float32]  # (N, classes)
    ranked: NDArray[np.int64]  # (N, up to 5) the likeliest classes, the likeliest first
    failures: tuple[ImageError, ...]  # images that could not be read
    worst: tuple[Shown, ...]  # mistakes, the surest first
    shown: tuple[Shown, ...]  # a random draw
    named: tuple[Shown, ...] = ()  # those that were asked for and could be read

    @property
    def predicted(self) -> NDArray[np.int64]:
        """(N,) the likeliest class of each image; of equals the first."""
        likeliest: NDArray[np.int64] = self.ranked[:, 0]
        return likeliest

    @property
    def correct(self) -> NDArray[np.bool_]:
        """(N,) whether each is right."""
        right: NDArray[np.bool_] = self.predicted == self.targets
        return right


def collect_answers(classifier: Classifier, data: EvaluationData, options: ReadingOptions) -> Answers:
    """Classifies all images.

    Raises:
        DataError: Not one image can be read, or one cannot and `strict` is set.
        ModelError: The model cannot be run, or gives an answer that is not finite.
    """
    labels = classifier.spec.labels
    collector = _Collector(labels, data, options)
    bar = StepBar(-(-data.count // options.batch_size))
    bar.start("evaluating")
    try:
        _take_failures(collector, data.failures, options)
        for batch in data.batches(options.batch_size):
            _take_failures(collector, batch.failures, options)
            if len(batch.images):
                collector.add(batch, checked_answers(classifier, batch, options.flip))
            bar.advance(1)
            bar.show(collector.running())
    finally:
        bar.stop()
    return collector.answers()


def rank(probabilities: NDArray[np.float32]) -> NDArray[np.int64]:
    """Returns the (N, up to 5) likeliest classes of (N, classes) probabilities; equals keep the order of the labels."""
    order: NDArray[np.int64] = np.argsort(-probabilities, axis=1, kind="stable")[:, :RANKS]
    return order


def cross_entropies(probabilities: NDArray[np.float32], targets: NDArray[np.int64]) -> NDArray[np.float64]:
    """Returns the (N,) losses, in nats, of (N, classes) probabilities for (N,) right classes."""
    chosen = probabilities[np.arange(len(targets)), targets].astype(np.float64)
    return -np.log(np.maximum(chosen, LOWEST_PROBABILITY))


class _Best:
    """The images with the highest keys; of equal keys the earlier image."""

    def __init__(self, size: int) -> None:
        self._size = size
        self._heap: list[tuple[float, int, Shown]] = []  # by key, then by falling index, which no two share

    def offer(self, key: float, shown: Shown) -> None:
        entry = (key, -shown.index, shown)
        if len(self._heap) < self._size:
            heapq.heappush(self._heap, entry)
        elif self._heap and entry[:2] > self._heap[0][:2]:
            heapq.heapreplace(self._heap, entry)

    def images(self) -> tuple[Shown, ...]:
        return tuple(shown for _, _, shown in sorted(self._heap, reverse=True))


class _Collector:
    """Keeps what is wanted of each batch."""

    def __init__(self, labels: tuple[str, ...], data: EvaluationData, options: ReadingOptions) -> None:
        self._labels = labels
        self._count, self._right, self._loss = 0, 0, 0.0
        self._sources: list[str] = []
        self._parts: list[tuple[NDArray[np.int64], NDArray[np.float32], NDArray[np.int64]]] = []
        self.failures: list[ImageError] = []
        self._worst, self._drawn = _Best(options.worst), _Best(options.shown)
        self._named: dict[str, Shown | None] = dict.fromkeys(options.named)
        self._draw = np.random.default_rng(options.seed).permutation(data.count) if options.shown else None

    def add(self, batch: LabelledImages, probabilities: NDArray[np.float32]) -> None:
        """Takes the answers to a batch."""
        ranked = rank(probabilities)
        self._parts.append((batch.targets, probabilities, ranked))
        self._sources.extend(batch.sources)
        for index, image in enumerate(batch.images):
            target, predicted = int(batch.targets[index]), int(ranked[index, 0])
            named = batch.sources[index] in self._named
            if self._draw is not None or target != predicted or named:
                sure = float(probabilities[index, predicted])
                shown = Shown(self._count + index, image.copy(), target, predicted, sure)
                self._offer(shown)
                if named:
                    self._named[batch.sources[index]] = shown
        self._count += len(batch.targets)
        self._right += int((ranked[:, 0] == batch.targets).sum())
        self._loss += float(cross_entropies(probabilities, batch.targets).sum())

    def _offer(self, shown: Shown) -> None:
        if shown.target != shown.predicted:
            self._worst.offer(shown.probability, shown)
        if self._draw is not None:
            self._drawn.offer(float(self._draw[shown.index]), shown)

    def running(self) -> dict[str, float]:
        """Returns loss and accuracy so far, for the bar."""
        count = max(1, self._count)
        return {"loss": self._loss / count, "accuracy": self._right / count}

    def answers(self) -> Answers:
        """Returns all answers.

        Raises:
            DataError: There are none.
        """
        if not self._parts:
            raise none_readable(self.failures)
        columns: Any = zip(*self._parts, strict=True)
        targets, probabilities, ranked = (np.concatenate(column) for column in columns)
        return Answers(
            labels=self._labels,
            sources=tuple(self._sources),
            targets=targets,
            probabilities=probabilities,
            ranked=ranked,
            failures=tuple(self.failures),
            worst=self._worst.images(),
            shown=self._drawn.images(),
            named=tuple(shown for shown in self._named.values() if shown is not None),
        )


def _take_failures(collector: _Collector, failures: tuple[ImageError, ...], options: ReadingOptions) -> None:
    stop_at_failures(failures, strict=options.strict)
    for failure in failures:
        log.warning("%s", failure)
    collector.failures.extend(failures)


def network_answers(classifier: Classifier, images: NDArray[np.uint8], flip: bool) -> NDArray[np.float32]:
    """Returns the (n, classes) answers, averaged with those to the mirror images where `flip` is set."""
    straight = classifier.probabilities(images)
    if not flip:
        return straight
    mirrored = classifier.probabilities(np.ascontiguousarray(images[:, :, ::-1]))
    return (straight + mirrored) / np.float32(2)


def checked_answers(classifier: Classifier, batch: LabelledImages, flip: bool) -> NDArray[np.float32]:
    """Returns the (n, classes) answers to a batch, see `network_answers`.

    Raises:
        ModelError: One is not finite.
    """
    probabilities = network_answers(classifier, batch.images, flip)
    finite = np.isfinite(probabilities).all(axis=1)
    if not finite.all():
        source = batch.sources[int(np.argmin(finite))]
        raise ModelError(f"the model gives an answer that is not finite for image {source}: train or export it again")
    return probabilities
