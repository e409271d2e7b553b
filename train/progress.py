"""What a training shows while it runs: a bar on a terminal, a line an epoch elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable, Mapping
from typing import Any

from cnnkit.system import log

Clock = Callable[[], float]  # seconds


class EpochTimer:
    """Images per second of the running epoch and the time left, from an injected clock.

    Args:
        images: Training images an epoch.
        epochs: Epochs of the whole training.
        clock: Gives seconds.
    """

    def __init__(self, images: int, epochs: int, clock: Clock = time.perf_counter) -> None:
        self._images, self._epochs, self._clock = images, epochs, clock
        self._started = clock()
        self._durations: list[float] = []

    def start_epoch(self) -> None:
        """Marks the beginning of an epoch."""
        self._started = self._clock()

    def finish_training_part(self) -> float:
        """Returns the epoch's training images per second, validation not counted."""
        return self._images / max(1e-9, self._clock() - self._started)

    def finish_epoch(self) -> None:
        """Counts the epoch, validation included."""
        self._durations.append(self._clock() - self._started)

    def seconds_left(self, finished_epochs: int) -> float:
        """Returns the time that the epochs to come will take, as the mean of the last three did."""
        recent = self._durations[-3:]
        return (self._epochs - finished_epochs) * sum(recent) / max(1, len(recent))


def describe_epoch(row: Mapping[str, float], epochs: int, seconds_left: float) -> str:
    """Returns one line for a finished epoch, such as "epoch 3/20  loss 1.2041  accuracy 56.1 %  ..."."""
    return (
        f"epoch {row['epoch']:.0f}/{epochs}  loss {row['loss']:.4f}  accuracy {row['accuracy']:.1%}  "
        f"val_loss {row['val_loss']:.4f}  val_accuracy {row['val_accuracy']:.1%}  "
        f"{row['images_per_s']:,.0f} images/s  {duration(seconds_left)} left"
    ).replace("%", " %")


def duration(seconds: float) -> str:
    """Returns a duration as people say it: "42 s", "3 min", "1 h 20 min"."""
    if seconds < 99.5:
        return f"{seconds:.0f} s"
    minutes = round(seconds / 60)
    return f"{minutes} min" if minutes < 100 else f"{minutes // 60} h {minutes % 60} min"


class StepBar:
    """A bar of the running epoch's steps on a terminal; nothing elsewhere or when messages are off."""

    def __init__(self, steps: int) -> None:
        self._steps = steps
        self._bar: Any = None

    def start(self, title: str) -> None:
        """Draws an empty bar."""
        if not sys.stderr.isatty() or not log.isEnabledFor(20):
            return
        from rich.console import Console
        from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

        text = TextColumn("{task.description}")
        columns = (text, BarColumn(), MofNCompleteColumn(), TextColumn("{task.fields[figures]}"), TimeRemainingColumn())
        self._bar = Progress(*columns, console=Console(stderr=True), transient=True)
        self._task = self._bar.add_task(title, total=self._steps, figures="")
        self._bar.start()

    def show(self, figures: Mapping[str, Any]) -> None:
        """Shows loss and accuracy."""
        if self._bar is not None:
            shown = f"loss {float(figures['loss']):.4f}  accuracy {float(figures['accuracy']):.1%}"
            self._bar.update(self._task, figures=shown)

    def advance(self, steps: int) -> None:
        """Moves the bar some steps."""
        if self._bar is not None:
            self._bar.update(self._task, advance=steps)

    def stop(self) -> None:
        """Takes the bar away."""
        if self._bar is not None:
            self._bar.stop()
            self._bar = None
