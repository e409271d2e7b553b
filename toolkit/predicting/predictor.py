"""Images decoded, resized and run together, each with its own row whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from cnnkit.classifier import Prediction, predict_rows
from cnnkit.errors import ImageError
from cnnkit.images import resize_image
from cnnkit.predicting.damage import decode_found, warning_of
from cnnkit.predicting.options import NamedClassifier, Outcome, PredictOptions
from cnnkit.predicting.pipeline import Pipeline
from cnnkit.report import PredictionRow
from cnnkit.sources import FoundImage
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    from numpy.typing import NDArray


class _Loaded(NamedTuple):
    """An image made ready, or the reason why it cannot be."""

    found: FoundImage
    images: tuple[NDArray[np.uint8], ...] = ()  # one a model, (height, width, channels) of its size
    picture: NDArray[np.uint8] | None = None  # (H, W, 3) RGB
    error: str | None = None
    warning: str | None = None  # what is odd about its file


class Predictor:
    """Predicts images batch by batch.

    Args:
        models: Any runtimes, one at least.
        options: How.
        on_one_thread: Gives the same models for several threads to call, each of which they use alone: they take over
            where several threads work. None keeps the models as they are, and to the thread that asks.
        picture_side: Says for each image how long the longest side of the picture shall be that its outcome has, in
            pixels; 0 for none.
    """

    def __init__(
        self,
        models: Sequence[NamedClassifier],
        options: PredictOptions,
        on_one_thread: Callable[[], Sequence[NamedClassifier]] | None = None,
        picture_side: Callable[[], int] = lambda: 0,
    ) -> None:
        self._models = tuple(models)
        self._options = options
        self._on_one_thread, self._picture_side = on_one_thread, picture_side
        self.damaged = options.damaged
        self._taken = () if options.exact else tuple(model.classifier.spec.input for model in models)

    def outcomes(self, images: Iterable[FoundImage]) -> Iterator[list[Outcome]]:
        """Gives outcomes in the order of the images, one list a batch; images wait only for others of their batch.

        Raises:
            ModelError: A model cannot be run.
        """
        pipeline = Pipeline(
            self._load,
            self._answer,
            self._options.batch_size,
            sharing=self._on_one_thread is not None,
            before_threads=self._leave_processors,
        )
        # Frames of a video lie in memory: they are made small where they come, not where their turn comes.
        items = (found if found.pixels is None else self._load(found) for found in images)
        return pipeline.run(items)

    def unanswered(self, found: FoundImage) -> tuple[PredictionRow, ...]:
        """Returns the rows of an image as they are before there is an answer, one a model."""
        return tuple(_row(found, model) for model in self._models)

    def _leave_processors(self) -> None:
        if self._on_one_thread is not None:
            self._models = tuple(self._on_one_thread())

    def _load(self, found: FoundImage | _Loaded) -> _Loaded:
        """Reads one image, if that is still to be done; on any thread."""
        if isinstance(found, _Loaded):
            return found
        try:
            options = self._options
            decoded = decode_found(found, options.damaged, max_pixels=options.max_pixels, taken=self._taken)
            picture = self._picture(found)
        except ImageError as error:
            return _Loaded(found, error=error.reason)
        images = tuple([resize_image(decoded.pixels, model.classifier.spec.input) for model in self._models])
        if found.pixels is not None and not self._options.keep_frames:
            found = replace(found, pixels=None)  # a frame is large, and its batch is small
        return _Loaded(found, images, picture, warning=warning_of(decoded))

    def _picture(self, found: FoundImage) -> NDArray[np.uint8] | None:
        """Decodes in full what is to be looked at: the model's own may be a much smaller image."""
        side = self._picture_side()
        if not side:
            return None
        options = self._options
        return _shrunk(decode_found(found, options.damaged, max_pixels=options.max_pixels).pixels, side)

    def _answer(self, batch: list[_Loaded]) -> list[Outcome]:
        columns = [self._rows(model, index, batch) for index, model in enumerate(self._models)]
        return [
            Outcome(loaded.found, rows, loaded.picture)
            for loaded, rows in zip(batch, zip(*columns, strict=True), strict=True)
        ]

    def _rows(self, model: NamedClassifier, index: int, batch: list[_Loaded]) -> list[PredictionRow]:
        """Makes a model's row of each image, whose answer is the next one if it could be read."""
        answers = iter(self._run(model, index, batch))
        return [
            _answered(loaded, model, next(answers))
            if loaded.error is None
            else _row(loaded.found, model, error=loaded.error)
            for loaded in batch
        ]

    def _run(self, model: NamedClassifier, index: int, batch: list[_Loaded]) -> Iterable[Prediction | None]:
        """Answers those images of a batch that could be read; None is an answer that is not finite."""
        images = [loaded.images[index] for loaded in batch if loaded.images]
        if not images:
            return ()
        probabilities = model.classifier.probabilities(np.stack(images))
        finite = np.isfinite(probabilities.sum(axis=1))
        options = self._options
        predictions = predict_rows(probabilities, model.classifier.spec, options.top_k, options.min_confidence)
        return (prediction if known else None for known, prediction in zip(finite, predictions, strict=True))


def _answered(loaded: _Loaded, model: NamedClassifier, prediction: Prediction | None) -> PredictionRow:
    error = None if prediction is not None else "the model's answer is not finite"
    return _row(loaded.found, model, prediction, error, loaded.warning)


def _row(
    found: FoundImage,
    model: NamedClassifier,
    prediction: Prediction | None = None,
    error: str | None = None,
    warning: str | None = None,
) -> PredictionRow:
    return PredictionRow(found.source, prediction, error, found.member, found.frame, found.seconds, model.name, warning)


def _shrunk(pixels: NDArray[np.uint8], side: int) -> NDArray[np.uint8]:
    """Brings the longest side of (H, W, 3) RGB down to `side` pixels; smaller ones stay as they are."""
    height, width = pixels.shape[:2]
    factor = side / max(height, width)
    if factor >= 1:
        return pixels
    cv2 = import_cv2()
    size = max(1, round(width * factor)), max(1, round(height * factor))
    smaller: NDArray[np.uint8] = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
    return smaller
