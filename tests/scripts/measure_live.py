"""Measures the live loop without a camera: a source that gives a frame of 640 x 480 pixels thirty times a second.

python tests/scripts/measure_live.py age            # 60 seconds with a model slowed to 100 ms
python tests/scripts/measure_live.py overhead       # the loop beside resizing and session.run alone, in turns
python tests/scripts/measure_live.py memory         # 100,000 frames
"""

from __future__ import annotations

import io
import threading
import time
from collections.abc import Generator, Iterator
from statistics import median
from typing import Any

import click
import numpy as np
from ways import measure_one

from cnnkit.live.answering import AnswerOptions, FrameClassifier
from cnnkit.live.channel import Channel, ChannelOptions
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.outputs import Observation, Outputs
from cnnkit.live.rows import ChangeLog
from cnnkit.report.row_writers import JsonLinesWriter
from cnnkit.runtime import OnnxClassifier, load_model
from cnnkit.sources import Frame
from cnnkit.sources.newest import EveryFrame, NewestFrame
from cnnkit.system import import_cv2

RATE_HZ, SLOW_S, SECONDS = 30.0, 0.1, 60.0
SIZE = (480, 640, 3)
ROUNDS, FRAMES = 11, 2000
CLOCK = time.perf_counter_ns


class Slowed:
    """A model that takes 100 ms, and how long it took each time."""

    def __init__(self, classifier: OnnxClassifier) -> None:
        self.spec, self._classifier = classifier.spec, classifier
        self.taken_ms: list[float] = []

    def probabilities(self, images: Any) -> Any:
        start = CLOCK()
        answers = self._classifier.probabilities(images)
        time.sleep(max(0.0, SLOW_S - (CLOCK() - start) / 1e9))
        self.taken_ms.append((CLOCK() - start) / 1e6)
        return answers


class Ages:
    """Notes how old each frame was when its label was there."""

    def __init__(self) -> None:
        self.ages_ms: list[float] = []

    def write(self, observation: Observation) -> None:
        self.ages_ms.append(observation.age_ms)


def pictures() -> list[Any]:
    """Returns some frames of noise, all different."""
    rng = np.random.default_rng(0)
    return [rng.integers(0, 256, SIZE, dtype=np.uint8) for _ in range(16)]


def camera(stop: threading.Event) -> Generator[Frame]:
    """Gives a frame thirty times a second."""
    frames, start = pictures(), CLOCK()
    for number in range(10**9):
        stop.wait(max(0.0, number / RATE_HZ - (CLOCK() - start) / 1e9))
        yield Frame(number, number / RATE_HZ, frames[number % len(frames)], CLOCK())


def loop(source: Any, classifier: Any, watcher: Any, **options: Any) -> LiveLoop:
    """Puts a loop together as the command does."""
    answering = FrameClassifier(classifier, AnswerOptions())
    channel = Channel(source, answering, CLOCK, Outputs(watchers=[watcher]), ChannelOptions())
    return LiveLoop([channel], classifier, CLOCK, threading.Event(), LoopOptions(**options))


def measure_age() -> dict[str, float]:
    """Prints and returns how old frames were, above the time of the inference itself."""
    stop, ages, model = threading.Event(), Ages(), Slowed(load_model(spinning=False).classifier)
    source = NewestFrame(camera(stop), lambda: None, stop)
    summary = loop(source, model, ages, max_s=SECONDS).run()
    source.close()
    above = np.array(ages.ages_ms) - np.array(model.taken_ms[: len(ages.ages_ms)])
    click.echo(f"{summary}")
    p50, p99 = (float(np.percentile(above, q)) for q in (50, 99))
    click.echo(
        f"age above the inference ({median(model.taken_ms):.1f} ms): median {p50:.1f} ms, "
        f"p99 {p99:.1f} ms, worst {above.max():.1f} ms, n = {len(above)}"
    )
    return {"p50_ms": p50, "p99_ms": p99, "n": len(above)}


def every_frame(frames: list[Any], count: int) -> Iterator[Frame]:
    """Gives so many frames as fast as they are asked for."""
    for number in range(count):
        yield Frame(number, number / RATE_HZ, frames[number % len(frames)], CLOCK())


def run_loop(classifier: Any, frames: list[Any], count: int) -> float:
    """Returns the milliseconds a frame of the loop, with its log."""
    log = ChangeLog(JsonLinesWriter(io.BytesIO()), "camera 0", every_s=1.0)
    start = CLOCK()
    loop(EveryFrame(every_frame(frames, count), lambda: None), classifier, log).run()
    return (CLOCK() - start) / 1e6 / count


def run_alone(classifier: OnnxClassifier, frames: list[Any], count: int) -> float:
    """Returns the milliseconds a frame of resizing and session.run alone."""
    cv2, taken = import_cv2(), classifier.spec.input
    start = CLOCK()
    for number in range(count):
        small = cv2.resize(frames[number % len(frames)], (taken.width, taken.height), interpolation=cv2.INTER_AREA)
        classifier.run(small[None])
    return (CLOCK() - start) / 1e6 / count


def measure_overhead() -> dict[str, float]:
    """Prints and returns what the loop takes above resizing and inference."""
    classifier, frames = load_model(spinning=False).classifier, pictures()
    extra, alone = [], []
    for turn in range(ROUNDS):
        ways = (run_alone, run_loop) if turn % 2 else (run_loop, run_alone)
        times = {way: way(classifier, frames, FRAMES) for way in ways}
        extra.append(times[run_loop] - times[run_alone])
        alone.append(times[run_alone])
    click.echo(
        f"extra time a frame: {median(extra):.3f} ms ({min(extra):.3f} to {max(extra):.3f}, n = {ROUNDS}), "
        f"beside {median(alone):.3f} ms of resize and session.run"
    )
    return {"extra_ms": median(extra), "low": min(extra), "high": max(extra), "n": ROUNDS}


def measure_memory() -> dict[str, float]:
    """Prints and returns how much the process grows while it handles frames."""
    classifier, frames = load_model(spinning=False).classifier, pictures()
    run_loop(classifier, frames, 10_000)
    before = resident_mib()
    run_loop(classifier, frames, 100_000)
    growth = resident_mib() - before
    click.echo(f"100,000 frames: {growth:+.1f} MiB, {before:.0f} MiB before")
    return {"growth_mib": growth}


def resident_mib() -> float:
    """Returns the memory of this process."""
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * 4096 / 2**20


def main() -> None:
    """Measures and prints; see the head of this file."""
    measure_one(__doc__, {"age": measure_age, "overhead": measure_overhead, "memory": measure_memory})


if __name__ == "__main__":
    main()
