"""The loop: the newest frame, classified, handed to window, recording and log."""

from __future__ import annotations

import threading
from collections import deque
from dataclasses import dataclass
from statistics import median

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Classifier, Prediction, top_candidates
from cnnkit.errors import ModelError
from cnnkit.live.outputs import Observation, Outputs
from cnnkit.live.rates import RateMeter
from cnnkit.live.signal_watch import SignalWatch
from cnnkit.live.summary import LiveSummary
from cnnkit.opencv import import_cv2
from cnnkit.preprocess import resize_image
from cnnkit.sources.frames import Frame
from cnnkit.sources.newest import FrameSource
from cnnkit.timing import Clock
from cnnkit.view import Caption, enlarge, paint

POLL_S = 0.05  # how long a frame is waited for before the window's keys are looked at again
_REMEMBERED_AGES = 1000
_DARK = (480, 640, 3)  # the picture of a source that has not given one yet


@dataclass(frozen=True)
class LoopOptions:
    """How long the loop runs and what it says of each frame."""

    name: str = "the source"  # in messages
    top_k: int = 5  # classes named for each frame
    max_frames: int | None = None  # frames handled, good or not; None for no limit
    live: bool = True  # frames come by themselves, and their absence is a lost signal


class LiveLoop:
    """Takes frames until the source ends, the person quits, `stop` is set, or enough frames were handled.

    Args:
        source: Gives the newest frame.
        classifier: Classifies it.
        clock: Nanoseconds; the one that stamps the source's frames.
        stop: Ends the loop when set, by a signal handler or another thread.
        outputs: Window, recording and log.
        options: See there.
    """

    def __init__(
        self,
        source: FrameSource,
        classifier: Classifier,
        clock: Clock,
        stop: threading.Event,
        outputs: Outputs,
        options: LoopOptions,
    ) -> None:
        self._source, self._classifier, self._clock, self._stop = source, classifier, clock, stop
        self._outputs, self._options = outputs, options
        self._signal = SignalWatch(options.name, clock()) if options.live else None
        self._rate = RateMeter()
        self._ages_ms: deque[float] = deque(maxlen=_REMEMBERED_AGES)
        self._picture: NDArray[np.uint8] = np.zeros(_DARK, np.uint8)
        self._classified = self._lost = self._skipped = self._next_number = 0

    def run(self) -> LiveSummary:
        """Runs to the end.

        Raises:
            SourceError: The source failed, or a live one gave no good frame for several seconds.
            ModelError: The model gives no usable answer.
            OutputError: The log or the recording cannot be written.
        """
        while not self._done():
            frame = self._source.take(POLL_S)
            if frame is None:
                frame = self._overdue()
            else:
                self._skipped += frame.number - self._next_number
                self._next_number = frame.number + 1
            if frame is not None:
                self._handle(frame)
        return LiveSummary(
            classified=self._classified,
            lost=self._lost,
            skipped=self._skipped,
            rate_hz=self._rate.rate_hz,
            age_ms=median(self._ages_ms) if self._ages_ms else None,
        )

    def _done(self) -> bool:
        limit, screen = self._options.max_frames, self._outputs.screen
        return (
            self._stop.is_set()
            or self._source.ended
            or (limit is not None and self._classified + self._lost >= limit)
            or (screen is not None and screen.quit_requested())
        )

    def _overdue(self) -> Frame | None:
        if self._signal is None:
            return None
        now = self._clock()
        self._signal.check(now)
        return self._signal.overdue(now)

    def _handle(self, frame: Frame) -> None:
        observation = Observation(frame, None if frame.pixels is None else self._classify(frame.pixels))
        self._count(observation)
        if self._outputs.log is not None:
            self._outputs.log.write(observation)
        if self._outputs.want_pictures:
            self._show(observation)
        if observation.prediction is not None:
            self._ages_ms.append(self._age_ms(frame))
        if self._signal is not None:
            self._signal.note(frame, self._clock())

    def _classify(self, pixels: NDArray[np.uint8]) -> Prediction:
        cv2 = import_cv2()
        spec = self._classifier.spec
        image = resize_image(cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB), spec.input)
        probabilities = self._classifier.probabilities(image[None])[0]
        if not np.isfinite(probabilities).all():
            raise ModelError(f"the model gives an answer that is not finite for a frame of {self._options.name}")
        return top_candidates(probabilities, spec.labels, self._options.top_k)

    def _count(self, observation: Observation) -> None:
        if observation.prediction is None:
            self._lost += 1
        else:
            self._classified += 1
            self._rate.tick(self._clock())

    def _show(self, observation: Observation) -> None:
        frame = observation.frame
        if frame.pixels is not None:
            self._picture = enlarge(frame.pixels)
        image = paint(self._picture, Caption(observation.prediction, self._rate.rate_hz, self._age_ms(frame)))
        if self._outputs.film is not None:
            self._outputs.film.write(image, frame.seconds)
        if self._outputs.screen is not None:
            self._outputs.screen.show(image)

    def _age_ms(self, frame: Frame) -> float:
        return (self._clock() - frame.read_ns) / 1e6
