"""One camera of the loop: its newest frame, its signal, its rates, and where its observations go."""

from __future__ import annotations

from collections import deque
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Prediction
from cnnkit.live.answering import FrameClassifier
from cnnkit.live.outputs import Observation, Outputs
from cnnkit.live.rates import RateMeter
from cnnkit.live.region import Box
from cnnkit.live.signal_watch import FROZEN_S, STALL_S, Signal, SignalWatch
from cnnkit.live.snapshots import save_frame
from cnnkit.measuring import Clock
from cnnkit.sources import Frame, FrameSource
from cnnkit.view import SIGNAL_WORDS, Caption, Command, enlarge, outline, paint

_REMEMBERED_AGES = 1000
_DARK = (480, 640, 3)  # the picture of a source that has not given one yet


@dataclass(frozen=True)
class ChannelOptions:
    """What is watched for."""

    live: bool = True  # frames come by themselves, and their absence is a lost signal
    stall_s: float = STALL_S  # seconds without a frame after which the signal of a live source is lost
    frozen_s: float = FROZEN_S  # seconds of the same picture that count as frozen; 0 for never


@dataclass(frozen=True)
class Job:
    """A frame that is to be classified."""

    frame: Frame
    image: NDArray[np.uint8]  # (height, width, channels) of the model's size
    box: Box | None  # the part of the frame that it is; None for all of it


class Channel:
    """Takes the frames of one source, and hands on what is known of them.

    Args:
        source: Gives the newest frame.
        classifier: Makes of it what the model takes, and of the model's answer a label.
        clock: Nanoseconds; the one that stamps the source's frames.
        outputs: Window, recording and log.
        options: See there.
    """

    def __init__(
        self, source: FrameSource, classifier: FrameClassifier, clock: Clock, outputs: Outputs, options: ChannelOptions
    ) -> None:
        self.source, self.outputs = source, outputs
        self._classifier, self._clock = classifier, clock
        self._signal = SignalWatch(clock(), options.frozen_s, options.stall_s) if options.live else None
        self._inference, self._capture = RateMeter(), RateMeter()
        self.ages_ms: deque[float] = deque(maxlen=_REMEMBERED_AGES)
        self._picture: NDArray[np.uint8] = np.zeros(_DARK, np.uint8)
        self._latest: Observation | None = None
        self._paused = False
        self._next_number = 0
        self.classified = self.lost = self.damaged = self.skipped = 0

    @property
    def rate_hz(self) -> float | None:
        """Frames classified a second, over the last ones; None while unknown."""
        return self._inference.rate_hz

    def take(self, timeout_s: float) -> Job | None:
        """Takes the newest frame, if there is one within that time.

        Returns:
            What is to be classified; None for nothing, as where a frame without a picture has been handled already.

        Raises:
            SourceError: The source failed for good, or the region lies outside the frame.
        """
        frame = self.source.take(timeout_s)
        if frame is not None:
            self._count_skipped(frame)
            frame = self._if_whole(frame)
        if frame is None and self._signal is not None:
            frame = self._signal.overdue(self._clock())
        return None if frame is None or self._paused else self._judged(frame)

    def _judged(self, frame: Frame) -> Job | None:
        signal = self._judge(frame)
        if signal == "live" and frame.pixels is not None:
            return Job(frame, *self._classifier.prepare(frame.pixels))
        self.lost += 1
        self._classifier.forget()
        rates = self._inference.rate_hz, self._capture.rate_hz
        self._hand_on(Observation(frame, signal, None, self._age_ms(frame), *rates))
        return None

    def handle(self, job: Job, probabilities: NDArray[np.float32]) -> None:
        """Hands on what the model says of a frame.

        Args:
            job: What was to be classified.
            probabilities: (classes,) float32.

        Raises:
            ModelError: They are not finite.
            OutputError: The log or the recording cannot be written.
        """
        prediction: Prediction = self._classifier.answer(probabilities, job.frame.seconds)
        self.classified += 1
        self._inference.tick(self._clock())
        rates = self._inference.rate_hz, self._capture.rate_hz
        age_ms = self._age_ms(job.frame)
        self._hand_on(Observation(job.frame, "live", prediction, age_ms, *rates, job.box))
        self.ages_ms.append(self._age_ms(job.frame))

    def _hand_on(self, observation: Observation) -> None:
        self._latest = observation
        for watcher in self.outputs.watchers:
            watcher.write(observation)
        if self.outputs.want_pictures:
            self._show(observation)
        if self._signal is not None:
            self._signal.note(observation.frame, self._clock())

    def obey(self, command: Command) -> None:
        """Does what a key asks for."""
        if command == "pause":
            self._paused = not self._paused
        elif command == "save" and self._latest is not None:
            save_frame(self._latest)
        elif command == "record" and self.outputs.film is not None:
            self.outputs.film.toggle()
        if self.outputs.screen is not None:
            self.outputs.screen.show(paint(self._picture, self._caption()))

    def _count_skipped(self, frame: Frame) -> None:
        self.skipped += frame.number - self._next_number
        self._next_number = frame.number + 1
        if frame.pixels is not None:
            self._capture.read(frame.number, frame.captured_ns)

    def _if_whole(self, frame: Frame) -> Frame | None:
        """Leaves a damaged frame of a live source out, as others come: they are missed only if none does."""
        if self._signal is None or not frame.fault:
            return frame
        self.damaged += 1
        self._signal.note_damaged()
        return None

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
        if self.outputs.film is not None and self.outputs.film.running:
            self.outputs.film.write(paint(self._picture, replace(caption, note="")), frame.seconds)
        if self.outputs.screen is not None:
            self.outputs.screen.show(paint(self._picture, caption))

    def _caption(self) -> Caption:
        """Says what is known of the latest frame."""
        film = self.outputs.film
        keys = (("paused", self._paused), ("recording", film is not None and film.running))
        note = ", ".join(word for word, on in keys if on) if self.outputs.screen is not None else ""
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
