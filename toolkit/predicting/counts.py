"""What came of a run: how many images, how many of which class, how many failed, how fast."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence

from cnnkit.errors import SourceError
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.predicting.options import Outcome
from cnnkit.report import printable
from cnnkit.sources import STDIN, FoundImage, shown_source
from cnnkit.system import log

_CLASSES_SHOWN = 20


class RunCounts:
    """Counts images as they come and go.

    Attributes:
        images: Inputs so far, failed ones and those of an interrupted run included.
        failed: Inputs so far of which a row has an error, or a file that was asked for could not be written.
        odd: Inputs so far that were answered, with a warning.
        skipped: Files left out for their suffix so far.

    Args:
        clock: Seconds.
    """

    def __init__(self, clock: Callable[[], float] = time.perf_counter) -> None:
        self.images = self.failed = self.odd = self.skipped = 0
        self._before = 0  # images of an interrupted run
        self._labels: dict[str | None, Counter[str]] = {}  # of each model
        self._clock, self._start = clock, clock()

    def wanted(self, images: Iterable[FoundImage]) -> Iterator[FoundImage]:
        """Gives what is to be predicted, and counts what is skipped."""
        for found in images:
            if found.skipped:
                self.skipped += 1
            else:
                yield found

    def add_done(self, images: int, failed: int, odd: int = 0) -> None:
        """Counts what an interrupted run did."""
        self.images += images
        self.failed += failed
        self.odd += odd
        self._before += images

    def add(self, outcomes: Sequence[Outcome]) -> None:
        """Counts a batch."""
        self.images += len(outcomes)
        for outcome in outcomes:
            self.failed += outcome.unwritten or any(row.error is not None for row in outcome.rows)
            self.odd += outcome.rows[0].warning is not None
            for row in outcome.rows:
                if row.prediction is not None:
                    self._labels.setdefault(row.model, Counter())[row.prediction.label] += 1

    def require_images(self, sources: Iterable[str]) -> None:
        """Checks that there was something to predict.

        Raises:
            SourceError: There was nothing in `sources`.
        """
        if not self.images:
            expected = " ".join(sorted(IMAGE_SUFFIXES))
            names = ", ".join("stdin" if source == STDIN else printable(shown_source(source)) for source in sources)
            skipped = f" ({count(self.skipped, 'other file')})" if self.skipped else ""
            raise SourceError(f"no image found in {names}{skipped}: expected files named {expected}")

    def log_all(self) -> None:
        """Says on stderr how many images of which class there were and how fast, what was skipped and what failed."""
        done = self.images - self._before
        if done > 1:
            seconds = self._clock() - self._start
            log.info(
                "%s in %s s (%s images/s)", count(done, "image"), _short(seconds), _short(done / max(seconds, 1e-9))
            )
            for model, labels in self._labels.items():
                log.info("%s", (f"{model}: " if model is not None else "") + _listed(labels))
        if self.skipped:
            log.info("skipped %s: no image by its suffix", count(self.skipped, "file"))
        if self.odd and self.images > 1:
            verb = "has" if self.odd == 1 else "have"
            log.warning("%d of %s %s a warning, see their rows", self.odd, count(self.images, "input"), verb)
        if self.failed:
            log.warning("%d of %s failed", self.failed, count(self.images, "input"))


def count(number: int, noun: str) -> str:
    """Returns "1 file", "2,000 files"."""
    return f"{number:,} {noun}{'' if number == 1 else 's'}"


def _short(value: float) -> str:
    """Returns a number with three digits, or as many as it has before the point: "0.0422", "1.5", "12,345"."""
    return f"{value:,.0f}" if value >= 100 else f"{value:.3g}"


def _listed(labels: Counter[str]) -> str:
    shown = [f"{printable(label)} {number:,}" for label, number in labels.most_common(_CLASSES_SHOWN)]
    others = len(labels) - len(shown)
    return ", ".join([*shown, *([f"and {others:,} more classes"] if others else [])])
