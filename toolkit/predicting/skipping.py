"""Passes over the images of which an interrupted run has written the rows: `--resume`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import partial
from itertools import chain

from cnnkit.predicting.counts import RunCounts, count
from cnnkit.predicting.damage import other_policy
from cnnkit.predicting.outputs import OutcomeSink
from cnnkit.predicting.predictor import Predictor
from cnnkit.report import BegunFile, PredictionRow
from cnnkit.sources import FoundImage
from cnnkit.system import log


class DoneImages:
    """Takes the images that are done off the front of all.

    Args:
        images: All of them.
        sinks: Outputs that must know of what is done.
    """

    def __init__(self, images: Iterator[FoundImage], sinks: Sequence[OutcomeSink]) -> None:
        self._images, self._sinks = images, sinks
        self._last: FoundImage | None = None

    def skip(self, begun: BegunFile, predictor: Predictor, counts: RunCounts) -> Iterator[FoundImage]:
        """Returns the images that are still to be predicted; the others are counted.

        Raises:
            OutputError: The rows are those of other images, or of a run that took damaged images otherwise.
        """
        done = begun.resume(self._expected(predictor), partial(other_policy, damaged=predictor.damaged))
        if done.inputs:
            log.info("%s: %s are there already", begun.path, count(done.rows, "row"))
        counts.add_done(done.inputs, done.failures, done.odd)
        if self._last is not None and done.unfinished:
            return chain((self._last,), self._images)
        self._note()
        return self._images

    def _expected(self, predictor: Predictor) -> Iterator[tuple[PredictionRow, ...]]:
        for found in self._images:
            self._note()
            self._last = found
            yield predictor.unanswered(found)

    def _note(self) -> None:
        """Tells the outputs of the last image, which is done."""
        if self._last is not None:
            for sink in self._sinks:
                sink.skip(self._last)
