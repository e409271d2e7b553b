"""The loop: the newest frame, classified, handed to window, recording and log."""

from __future__ import annotations

import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, replace
from statistics import median

import numpy as np
from numpy.typing import NDArray

from cnnkit.live.answering import FrameClassifier
from cnnkit.live.outputs import Observation, Outputs
from cnnkit.live.rates import RateMeter
from cnnkit.live.signal_watch import FROZEN_S, STALL_S, Signal, SignalWatch
from cnnkit.live.snapshots import save_frame
from cnnkit.live.summary import LiveSummary
from cnnkit.measuring import Clock
from cnnkit.sources import Frame, FrameSource
from cnnkit.view import SIGNAL_WORDS, Caption, Command, enlarge, outline, paint

POLL_S = 0.05  # how long a frame is waited for before the window's keys are looked at again
_REMEMBERED_AGES = 1000
_DARK = (480, 640, 3)  # the picture of a source that has not given one yet


@dataclass(frozen=True)
class LoopOptions:
    """How long the loop runs and what it watches for."""

    max_frames: int | None = None  # frames handled, good or not; None for no limit
    max_s: float | None = None  # seconds; None for no limit
    live: bool = True  # frames come by themselves, and their absence is a lost signal
    stall_s: float = STALL_S  # seconds without a frame after which the signal of a live source is lost
    frozen_s: float = FROZEN_S  # seconds of the same picture that count as frozen; 0 for never


class LiveLoop:
    """Takes frames until the source ends, the person quits, `stop` is set, or enough frames were handled.

    Args:
        source: Gives the newest frame.
        classifier: Classifies it.
        clock: Nanoseconds; the one that stamps the source's frames.
        stop: Ends the loop when set, by a signal handler or another thread.
        outputs: Window, recording and log.
        options: See there.
        beat: Is called whenever the loop turns.
    """

    def __init__(
        self,
        source: FrameSource,
        classifier: FrameClassifier,
        clock: Clock,
        stop: threading.Event,
        outputs: Outputs,
        options: LoopOptions,
        beat: Callable[[], None] | None = None,
    ) -> None:
        self._source, self._classifier, self._clock, self._stop = source, classifier, clock, stop
        self._outputs, self._options, self._beat = outputs, options, beat
        self._start_ns = clock()
        self._signal = SignalWatch(clock(), options.frozen_s, options.stall_s) if options.live else None
        self._inference, self._capture = RateMeter(), RateMeter()
        self._ages_ms: deque[float] = deque(maxlen=_REMEMBERED_AGES)
        self._picture: NDArray[np.uint8] = np.zeros(_DARK, np.uint8)
        self._latest: Observation | None = None
        self._paused = False
        self._classified = self._lost = self._damaged = self._skipped = self._next_number = 0

    def run(self) -> LiveSummary:
        """Runs to the end.

        Raises:
            SourceError: The source failed for good.
            ModelError: The model gives no usable answer.
            OutputError: The log or the recording cannot be written.
        """
        while not self._done():
            if self._beat is not None:
                self._beat()
            frame = self._source.take(POLL_S)
            if frame is not None:
                self._count_skipped(frame)
                frame = self._if_whole(frame)
            if frame is None and self._signal is not None:
                frame = self._signal.overdue(self._clock())
            if frame is not None and not self._paused:
                self._handle(frame)
        return LiveSummary(
            classified=self._classified,
            lost=self._lost,
            damaged=self._damaged,
            skipped=self._skipped,
            rate_hz=self._inference.rate_hz,
            age_ms=median(self._ages_ms) if self._ages_ms else None,
        )

    def _done(self) -> bool:
        limit, longest_s = self._options.max_frames, self._options.max_s
        return (
            self._stop.is_set()
            or self._source.ended
            or (limit is not None and self._classified + self._lost >= limit)
            or (longest_s is not None and self._clock() - self._start_ns >= longest_s * 1e9)
            or self._quits()
        )

    def _quits(self) -> bool:
        """Does what a key asks for; true for the end."""
        command = None if self._outputs.screen is None else self._outputs.screen.command()
        if command is not None and command != "quit":
            self._obey(command)
        return command == "quit"

    def _obey(self, command: Command) -> None:
        if command == "pause":
            self._paused = not self._paused
        elif command == "save" and self._latest is not None:
            save_frame(self._latest)
        elif command == "record" and self._outputs.film is not None:
            self._outputs.film.toggle()
        if self._outputs.screen is not None:
            self._outputs.screen.show(paint(self._picture, self._caption()))

    def _count_skipped(self, frame: Frame) -> None:
        self._skipped += frame.number - self._next_number
        self._next_number = frame.number + 1
        if frame.pixels is not None:
            self._capture.read(frame.number, frame.captured_ns)

    def _if_whole(self, frame: Frame) -> Frame | None:
        """Leaves a damaged frame of a live source out, as others come: they are missed only if none does."""
        if self._signal is None or not frame.fault:
            return frame
        self._damaged += 1
        self._signal.note_damaged()
        return None

    def _handle(self, frame: Frame) -> None:
        self._latest = observation = self._observe(frame)
        for watcher in self._outputs.watchers:
            watcher.write(observation)
        if self._outputs.want_pictures:
            self._show(observation)
        if observation.prediction is not None:
            self._ages_ms.append(self._age_ms(frame))
        if self._signal is not None:
            self._signal.note(frame, self._clock())

    def _observe(self, frame: Frame) -> Observation:
        signal = self._judge(frame)
        if signal != "live" or frame.pixels is None:
            self._lost += 1
            self._classifier.forget()
            return Observation(frame, signal, None, self._age_ms(frame), self._inference.rate_hz, self._capture.rate_hz)
        prediction, box = self._classifier.classify(frame.pixels, frame.seconds)
        self._classified += 1
        self._inference.tick(self._clock())
        rates = self._inference.rate_hz, self._capture.rate_hz
        return Observation(frame, signal, prediction, self._age_ms(frame), *rates, box)

    def _judge(self, frame: Frame) -> Signal:
        if self._signal is not None:
            return self._signal.judge(frame)
        return "live" if frame.pixels is not None else "damaged" if frame.fault else "lost"

    def _show(self, observation: Observation) -> None:
        frame, box = observation.frame, observation.box
        if frame.pixels is not None:
            pixels = frame.pixels if box is None else outline(frame.pixels, box.left, box.top, box.width, box.height)
            self._picture = enlarge(pixels)
        caption = self._caption()
        if self._outputs.film is not None and self._outputs.film.running:
            self._outputs.film.write(paint(self._picture, replace(caption, note="")), frame.seconds)
        if self._outputs.screen is not None:
            self._outputs.screen.show(paint(self._picture, caption))

    def _caption(self) -> Caption:
        """Says what is known of the latest frame."""
        film = self._outputs.film
        keys = (("paused", self._paused), ("recording", film is not None and film.running))
        note = ", ".join(word for word, on in keys if on) if self._outputs.screen is not None else ""
        latest = self._latest
        if latest is None:
            return Caption(None, note=note)
        return Caption(
            latest.prediction,
            latest.inference_hz,
            self._age_ms(latest.frame),
            latest.capture_hz,
            SIGNAL_WORDS.get(latest.signal, ""),
            note,
        )

    def _age_ms(self, frame: Frame) -> float:
        return (self._clock() - frame.captured_ns) / 1e6
