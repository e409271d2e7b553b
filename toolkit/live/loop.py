"""The loop: the newest frames, classified together, handed to window, recording and log."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from statistics import median

import numpy as np

from cnnkit.classifier import Classifier
from cnnkit.errors import SourceError
from cnnkit.live.channel import Channel, Job
from cnnkit.live.signal_watch import FROZEN_S
from cnnkit.live.summary import LiveSummary
from cnnkit.measuring import Clock
from cnnkit.system import log

POLL_S = 0.05  # how long a frame is waited for before the window's keys are looked at again


@dataclass(frozen=True)
class LoopOptions:
    """How long the loop runs and what it watches for."""

    max_frames: int | None = None  # frames handled, good or not; None for no limit
    max_s: float | None = None  # seconds; None for no limit
    frozen_s: float = FROZEN_S  # seconds of the same picture that count as frozen; 0 for never


class LiveLoop:
    """Takes frames until the sources end, the person quits, `stop` is set, or enough frames were handled.

    Args:
        channels: The cameras; one that fails takes none of several others with it.
        classifier: Classifies what they give, in batches over the cameras.
        clock: Nanoseconds; the one that stamps the sources' frames.
        stop: Ends the loop when set, by a signal handler or another thread.
        options: See there.
        beat: Is called whenever the loop turns.
        bell: Is set whenever one of several sources has something new.
    """

    def __init__(
        self,
        channels: Sequence[Channel],
        classifier: Classifier,
        clock: Clock,
        stop: threading.Event,
        options: LoopOptions,
        beat: Callable[[], None] | None = None,
        bell: threading.Event | None = None,
    ) -> None:
        self._channels, self._running = channels, list(channels)
        self._classifier, self._clock, self._stop = classifier, clock, stop
        self._options, self._beat, self._bell = options, beat, bell
        self._start_ns = clock()
        self._failed = 0

    def run(self) -> LiveSummary:
        """Runs to the end.

        Raises:
            SourceError: The only source failed for good.
            ModelError: The model gives no usable answer.
            OutputError: The log or the recording cannot be written.
        """
        while not self._done():
            if self._beat is not None:
                self._beat()
            jobs = self._take()
            if jobs:
                self._classify(jobs)
        return self._summary()

    def _take(self) -> list[tuple[Channel, Job]]:
        """Takes the newest frame of each camera; of a single one it waits for the next."""
        if self._bell is not None and len(self._channels) > 1:
            self._bell.wait(POLL_S)
            self._bell.clear()
        taken = [(channel, self._take_one(channel)) for channel in tuple(self._running)]
        return [(channel, job) for channel, job in taken if job is not None]

    def _take_one(self, channel: Channel) -> Job | None:
        try:
            job = channel.take(0 if len(self._channels) > 1 else POLL_S)
        except SourceError as error:
            if len(self._channels) == 1:
                raise
            log.error("%s", error)
            self._failed += 1
            self._running.remove(channel)
            return None
        if channel.source.ended:
            self._running.remove(channel)
        return job

    def _classify(self, jobs: Sequence[tuple[Channel, Job]]) -> None:
        images = jobs[0][1].image[None] if len(jobs) == 1 else np.stack([job.image for _, job in jobs])
        answers = self._classifier.probabilities(images)
        for (channel, job), probabilities in zip(jobs, answers, strict=True):
            channel.handle(job, probabilities)

    def _done(self) -> bool:
        limit, longest_s = self._options.max_frames, self._options.max_s
        return (
            self._stop.is_set()
            or not self._running
            or (limit is not None and sum(each.classified + each.lost for each in self._channels) >= limit)
            or (longest_s is not None and self._clock() - self._start_ns >= longest_s * 1e9)
            or self._quits()
        )

    def _quits(self) -> bool:
        """Does what a key asks for, for all cameras; true for the end."""
        screen = self._channels[0].outputs.screen
        command = None if screen is None else screen.command()
        if command is not None and command != "quit":
            for channel in self._channels:
                channel.obey(command)
        return command == "quit"

    def _summary(self) -> LiveSummary:
        ages_ms = [age_ms for channel in self._channels for age_ms in channel.ages_ms]
        rates = [channel.rate_hz for channel in self._channels if channel.rate_hz is not None]
        return LiveSummary(
            classified=sum(channel.classified for channel in self._channels),
            lost=sum(channel.lost for channel in self._channels),
            damaged=sum(channel.damaged for channel in self._channels),
            skipped=sum(channel.skipped for channel in self._channels),
            rate_hz=sum(rates) if rates else None,
            age_ms=median(ages_ms) if ages_ms else None,
            failed=self._failed,
        )
