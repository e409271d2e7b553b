"""Many images, batch by batch: decoded, resized and run together, each with its own row whatever happens to it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Classifier, Prediction, top_candidates
from cnnkit.errors import ImageError, SourceError
from cnnkit.images import DEFAULT_MAX_PIXELS, IMAGE_SUFFIXES, read_image
from cnnkit.loading import load_ahead
from cnnkit.messages import log
from cnnkit.preprocess import resize_image
from cnnkit.rows import PredictionRow, printable
from cnnkit.sources.files import STDIN, FoundFile

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnkit.report.resuming import BegunFile

UNKNOWN = "unknown"


@dataclass(frozen=True)
class PredictOptions:
    """How images are predicted."""

    top_k: int = 5  # candidates a row, at least 1
    batch_size: int = 32  # images decoded and run together, at least 1
    min_confidence: float = 0.0  # 0 to 1; below it the label is "unknown"
    max_pixels: int = DEFAULT_MAX_PIXELS  # larger images are refused before decoding
    exact: bool = False  # decode large JPEGs in full rather than at a reduced scale


@dataclass(frozen=True)
class _Loaded:
    """A file made ready, or the reason why it cannot be."""

    source: str
    image: NDArray[np.uint8] | None = None  # (height, width, channels) of the model's size
    error: str | None = None
    warnings: tuple[str, ...] = ()


class Predictor:
    """Predicts files batch by batch and counts what came of it.

    Attributes:
        images: Rows so far, failed ones included.
        failed: Rows with an error so far.
        skipped: Files left out for their suffix so far.

    Args:
        classifier: Any runtime.
        options: How.
        on_one_thread: Gives the same classifier on one thread. It takes over where several threads decode: between
            two batches a classifier on several would keep their processors waiting. None leaves it as it is.
    """

    def __init__(
        self, classifier: Classifier, options: PredictOptions, on_one_thread: Callable[[], Classifier] | None = None
    ) -> None:
        self.images = 0
        self.failed = 0
        self.skipped = 0
        self._classifier = classifier
        self._options = options
        self._on_one_thread = on_one_thread

    def batches(self, files: Iterable[FoundFile]) -> Iterator[list[PredictionRow]]:
        """Yields rows in the order of the files, one list a batch; images wait only for others of their batch.

        Raises:
            ModelError: The model cannot be run.
        """
        batch: list[_Loaded] = []
        for loaded in load_ahead(self._load, self._wanted(files), before_threads=self._leave_processors):
            for warning in loaded.warnings:
                log.warning("%s: %s", printable(loaded.source), warning)
            batch.append(loaded)
            if len(batch) == self._options.batch_size:
                yield self._rows(batch)
                batch = []
        if batch:
            yield self._rows(batch)

    def skip_done(self, files: Iterator[FoundFile], begun: BegunFile) -> None:
        """Takes the files of which rows are written already off the front; they count as images.

        Args:
            files: All of them; those that are left are for `batches`.
            begun: Where the rows are.

        Raises:
            OutputError: The rows are those of other files.
        """
        done, failed = begun.resume(file.source for file in self._wanted(files))
        if done:
            log.info("%s: %s are there already", begun.path, _count(done, "row"))
        self.images += done
        self.failed += failed

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

    def _leave_processors(self) -> None:
        if self._on_one_thread is not None:
            self._classifier = self._on_one_thread()

    def _wanted(self, files: Iterable[FoundFile]) -> Iterator[FoundFile]:
        for file in files:
            if file.skipped:
                self.skipped += 1
            else:
                yield file

    def _rows(self, batch: list[_Loaded]) -> list[PredictionRow]:
        images = [loaded.image for loaded in batch if loaded.image is not None]
        answers = iter(self._classifier.probabilities(np.stack(images)) if images else ())
        rows = [
            PredictionRow(loaded.source, error=loaded.error)
            if loaded.image is None
            else self._answer(loaded.source, next(answers))
            for loaded in batch
        ]
        self.images += len(rows)
        self.failed += sum(row.error is not None for row in rows)
        return rows

    def _load(self, file: FoundFile) -> _Loaded:
        """Reads one file; on any thread."""
        if file.problem is not None:
            return _Loaded(file.source, error=file.problem)
        taken = self._classifier.spec.input
        try:
            decoded = read_image(
                file.source, max_pixels=self._options.max_pixels, taken=None if self._options.exact else taken
            )
        except ImageError as error:
            return _Loaded(file.source, error=error.reason)
        return _Loaded(file.source, resize_image(decoded.pixels, taken), warnings=decoded.warnings)

    def _answer(self, source: str, probabilities: NDArray[np.float32]) -> PredictionRow:
        if not np.isfinite(probabilities).all():
            return PredictionRow(source, error="the model's answer is not finite")
        prediction = top_candidates(probabilities, self._classifier.spec.labels, self._options.top_k)
        return PredictionRow(source, _or_unknown(prediction, self._options.min_confidence))


def _or_unknown(prediction: Prediction, min_confidence: float) -> Prediction:
    return replace(prediction, label=UNKNOWN) if prediction.confidence < min_confidence else prediction


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'' if number == 1 else 's'}"
