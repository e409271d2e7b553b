"""Many images, batch by batch: decoded, resized and run together, each with its own row whatever happens to it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Classifier, Prediction, top_candidates
from cnnkit.errors import ImageError, SourceError
from cnnkit.images import DEFAULT_MAX_PIXELS, IMAGE_SUFFIXES, read_image
from cnnkit.messages import log
from cnnkit.preprocess import resize_image
from cnnkit.rows import PredictionRow, printable
from cnnkit.sources.files import STDIN, FoundFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

UNKNOWN = "unknown"


@dataclass(frozen=True)
class PredictOptions:
    """How images are predicted."""

    top_k: int = 5  # candidates a row, at least 1
    batch_size: int = 32  # images decoded and run together, at least 1
    min_confidence: float = 0.0  # 0 to 1; below it the label is "unknown"
    max_pixels: int = DEFAULT_MAX_PIXELS  # larger images are refused before decoding


class Predictor:
    """Predicts files batch by batch and counts what came of it.

    Attributes:
        images: Rows so far, failed ones included.
        failed: Rows with an error so far.
        skipped: Files left out for their suffix so far.

    Args:
        classifier: Any runtime.
        options: How.
    """

    def __init__(self, classifier: Classifier, options: PredictOptions) -> None:
        self.images = 0
        self.failed = 0
        self.skipped = 0
        self._classifier = classifier
        self._options = options

    def batches(self, files: Iterable[FoundFile]) -> Iterator[list[PredictionRow]]:
        """Yields rows in the order of the files, one list a batch; images wait only for others of their batch.

        Raises:
            ModelError: The model cannot be run.
        """
        batch: list[FoundFile] = []
        for file in files:
            if file.skipped:
                self.skipped += 1
                continue
            batch.append(file)
            if len(batch) == self._options.batch_size:
                yield self._rows(batch)
                batch = []
        if batch:
            yield self._rows(batch)

    def require_images(self, sources: Iterable[str]) -> None:
        """Checks that there was something to predict.

        Raises:
            SourceError: There was nothing in `sources`.
        """
        if not self.images:
            expected = " ".join(sorted(IMAGE_SUFFIXES))
            names = ", ".join("stdin" if source == STDIN else printable(source) for source in sources)
            skipped = f" ({_count(self.skipped, 'other file')})" if self.skipped else ""
            raise SourceError(f"no image found in {names}{skipped}: expected files named {expected}")

    def log_counts(self) -> None:
        """Says on stderr what was skipped and what failed."""
        if self.skipped:
            log.info("skipped %s: no image by its suffix", _count(self.skipped, "file"))
        if self.failed:
            log.warning("%d of %s failed", self.failed, _count(self.images, "input"))

    def _rows(self, files: list[FoundFile]) -> list[PredictionRow]:
        loaded = [self._load(file) for file in files]
        images = [item for item in loaded if not isinstance(item, PredictionRow)]
        answers = iter(self._classifier.probabilities(np.stack(images)) if images else ())
        rows = [
            item if isinstance(item, PredictionRow) else self._answer(file.source, next(answers))
            for file, item in zip(files, loaded, strict=True)
        ]
        self.images += len(rows)
        self.failed += sum(row.error is not None for row in rows)
        return rows

    def _load(self, file: FoundFile) -> NDArray[np.uint8] | PredictionRow:
        """Returns an image of the model's size, or the row that says why there is none."""
        if file.problem is not None:
            return PredictionRow(file.source, error=file.problem)
        try:
            decoded = read_image(file.source, max_pixels=self._options.max_pixels)
        except ImageError as error:
            return PredictionRow(file.source, error=error.reason)
        for warning in decoded.warnings:
            log.warning("%s: %s", printable(file.source), warning)
        return resize_image(decoded.pixels, self._classifier.spec.input)

    def _answer(self, source: str, probabilities: NDArray[np.float32]) -> PredictionRow:
        if not np.isfinite(probabilities).all():
            return PredictionRow(source, error="the model's answer is not finite")
        prediction = top_candidates(probabilities, self._classifier.spec.labels, self._options.top_k)
        return PredictionRow(source, _or_unknown(prediction, self._options.min_confidence))


def _or_unknown(prediction: Prediction, min_confidence: float) -> Prediction:
    return replace(prediction, label=UNKNOWN) if prediction.confidence < min_confidence else prediction


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
