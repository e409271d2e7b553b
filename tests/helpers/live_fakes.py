"""A clock that stands still, and sources, classifiers, windows and recordings made for tests of the live loop."""

from __future__ import annotations

from pathlib import Path

import cv2
import numpy as np

from cnnkit.live.outputs import Observation
from cnnkit.sources import Frame
from cnnkit.sources.moving import Shot
from cnnkit.spec import InputSpec, ModelSpec

LABELS = ("red", "green", "blue")
SIZE = (48, 64)  # height, width


class FakeClock:
    """Nanoseconds that pass only when a test says so."""

    def __init__(self) -> None:
        self.now_ns = 0

    def __call__(self) -> int:
        return self.now_ns

    def advance(self, seconds: float) -> None:
        self.now_ns += round(seconds * 1e9)


def picture(number: int, size: tuple[int, int] = SIZE) -> np.ndarray:
    """(height, width, 3) uint8 BGR that carries a number up to 255 in its red channel."""
    image = np.zeros((*size, 3), np.uint8)
    image[..., 2] = number % 256
    return image


class FakeCapture:
    """Gives pictures with the numbers of a list; None is a read that fails, as is everything after its end."""

    def __init__(self, numbers: list[int | None]) -> None:
        self.numbers = list(numbers)
        self.released = 0

    def read(self) -> Shot:
        number = self.numbers.pop(0) if self.numbers else None
        return Shot(None) if number is None else Shot(picture(number))

    def release(self) -> None:
        self.released += 1


class FakeCamera:
    """A source with a frame every 40 ms of the clock, of which it always gives the newest.

    Args:
        clock: The test's clock; waiting for a frame advances it.
        frames: How many there are before the source ends.
        same_after: The number of the frame that is given over and over from then on; None for never.
        broken: Numbers of frames that cannot be read.
        silent_after: The number of the last frame before the camera hangs; None for never.
        damaged: Numbers of frames that come damaged.
        period_s: Seconds from one frame to the next.
    """

    def __init__(
        self,
        clock: FakeClock,
        frames: int,
        broken: frozenset[int] = frozenset(),
        silent_after: int | None = None,
        same_after: int | None = None,
        damaged: frozenset[int] = frozenset(),
        period_s: float = 0.04,
    ) -> None:
        self.damaged, self.period_ns = damaged, round(period_s * 1e9)
        self.clock, self.frames, self.broken, self.silent_after = clock, frames, broken, silent_after
        self.same_after = frames if same_after is None else same_after
        self.taken = -1

    @property
    def ended(self) -> bool:
        return self.taken >= self.frames - 1

    def take(self, timeout_s: float) -> Frame | None:
        last = self.frames - 1 if self.silent_after is None else self.silent_after
        newest = min(self.clock.now_ns // self.period_ns, last)
        if newest == self.taken:
            wait_s = ((newest + 1) * self.period_ns - self.clock.now_ns) / 1e9
            if newest == last or wait_s > timeout_s:
                self.clock.advance(timeout_s)
                return None
            self.clock.advance(wait_s)
            newest += 1
        self.taken = newest
        fault = "damaged" if newest in self.damaged else ""
        pixels = None if newest in self.broken or fault else picture(min(newest, self.same_after))
        return Frame(newest, newest * self.period_ns / 1e9, pixels, newest * self.period_ns, fault)

    def close(self) -> None:
        pass


class SlowClassifier:
    """Takes its time on the clock, and remembers the number in each picture that it was given."""

    spec = ModelSpec(labels=LABELS, input=InputSpec(height=8, width=8, channels=3))

    def __init__(self, clock: FakeClock, seconds: float = 0.0, answer: tuple[float, ...] = (0.7, 0.2, 0.1)) -> None:
        self.clock, self.seconds, self.answer = clock, seconds, answer
        self.seen: list[int] = []

    def probabilities(self, images):
        assert images.shape == (1, 8, 8, 3) and images.dtype == np.uint8
        self.seen.append(int(images[0, 0, 0, 0]))
        self.clock.advance(self.seconds)
        return np.array([self.answer], np.float32)


class FakeScreen:
    """Keeps what it was shown; showing takes its time; asks to quit after so many pictures."""

    def __init__(self, clock: FakeClock, seconds: float = 0.0, quit_after: int | None = None, keys=()) -> None:
        self.clock, self.seconds, self.quit_after, self.keys = clock, seconds, quit_after, list(keys)
        self.shown: list[np.ndarray] = []
        self.polls = 0

    def show(self, image) -> None:
        self.clock.advance(self.seconds)
        self.shown.append(image)

    def command(self):
        self.polls += 1
        if self.quit_after is not None and len(self.shown) >= self.quit_after:
            return "quit"
        return self.keys.pop(0) if self.keys else None


class FakeFilm:
    """Keeps the times it was given."""

    def __init__(self) -> None:
        self.seconds: list[float] = []
        self.running = True

    def toggle(self) -> None:
        self.running = not self.running

    def write(self, image, seconds) -> None:
        self.seconds.append(seconds)


class FakeLog:
    """Keeps observations."""

    def __init__(self) -> None:
        self.observations: list[Observation] = []

    def write(self, observation) -> None:
        self.observations.append(observation)


def write_video(path: Path, numbers: list[int], rate_hz: float = 50.0, size: tuple[int, int] = SIZE) -> Path:
    """Writes a video whose frames are about red, the number giving how bright."""
    codec = "MJPG" if path.suffix == ".avi" else "mp4v"
    writer = cv2.VideoWriter(str(path), cv2.VideoWriter_fourcc(*codec), rate_hz, size[::-1])
    for number in numbers:
        writer.write(picture(number, size))
    writer.release()
    return path


def count_frames(path: Path) -> int:
    """How many frames of a video can be read."""
    capture = cv2.VideoCapture(str(path))
    count = 0
    while capture.read()[0]:
        count += 1
    capture.release()
    return count
