"""What happens at the marks of a training: epochs are measured, shown, kept, and decide on those to come."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import DataError
from cnnkit.system import log
from cnnkit.train.fitting.checkpoint import Checkpoint
from cnnkit.train.fitting.epoch_rules import Row, best_epoch, finished_epochs, plateau_rate, should_stop
from cnnkit.train.fitting.optimizers import Steps, rate_at
from cnnkit.train.fitting.statistics import BatchStatistics
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.progress import EpochTimer, StepBar, describe_epoch
from cnnkit.train.recipes import Recipe

_FIGURES = {
    "loss": "loss", "plain_loss": "plain_loss", "accuracy": "accuracy", "val_loss": "val_plain_loss",
    "val_accuracy": "val_accuracy",
}  # fmt: skip
_CHECK_EVERY = 16  # steps between two looks at the loss: each look waits for the device
_BEHIND = 4  # steps that a look lies behind the newest, at least, so that the device has work meanwhile


@dataclass(frozen=True)
class EpochSink:
    """What is done with a finished epoch."""

    save_best: Callable[[Any], None]  # takes the keras.Model of the best epoch so far
    save_epoch: Callable[[Checkpoint], None]  # takes the state after every epoch


class Recorder:
    """Follows a training.

    Args:
        trainer: What is trained.
        recipe: Its rules.
        images: Training images an epoch.
        history: One row an epoch that is finished already; grows.
        sink: Where epochs go.
        statistics: Measured anew before an epoch is judged; None leaves them as they have become.
    """

    def __init__(
        self,
        trainer: Trainer,
        recipe: Recipe,
        images: int,
        history: list[Row],
        sink: EpochSink,
        statistics: BatchStatistics | None = None,
    ) -> None:
        self._trainer, self._recipe, self._history, self._sink = trainer, recipe, history, sink
        self._statistics = statistics
        self._images, self._steps = images, Steps(-(-images // recipe.batch_size), recipe.epochs)
        self._timer, self._bar = EpochTimer(images, recipe.epochs), StepBar(self._steps.epoch)
        self._images_per_s = 0.0
        self._recent: deque[tuple[int, Mapping[str, Any]]] = deque()
        self._shown = self._looked = -1

    def callbacks(self, last_steps: Sequence[int]) -> Any:
        """Returns this as a keras.callbacks.CallbackList.

        Args:
            last_steps: The step, counted from 0, that each of Keras' batches ends with.
        """
        from keras.callbacks import CallbackList, LambdaCallback

        end_step = self.end_step

        class Marks(CallbackList):  # type: ignore[misc]
            """Leaves a step's figures where they are: Keras' own list brings those of every step to the host."""

            def on_train_batch_end(self, batch: int, logs: Any = None) -> None:
                end_step(last_steps[batch], logs)

        marks = LambdaCallback(
            on_epoch_begin=lambda epoch, logs: self.start_epoch(),
            on_train_end=lambda logs: self._bar.stop(),
            on_test_begin=lambda logs: self.start_validation(),
            on_test_end=lambda logs: self._trainer.swap_average(),
            on_epoch_end=lambda epoch, logs: self.end_epoch(logs),
        )
        return Marks([marks], add_history=True, model=self._trainer.model)

    def start_epoch(self) -> None:
        """Sets what the epochs before it decide."""
        if self._recipe.schedule == "plateau":
            self._trainer.set_learning_rate(plateau_rate(self._history, self._recipe))
        self._timer.start_epoch()
        self._images_per_s = 0.0
        self._recent.clear()
        self._shown = self._looked = -1  # steps
        self._bar.start(f"epoch {finished_epochs(self._history) + 1}/{self._recipe.epochs}")

    def end_step(self, step: int, figures: Mapping[str, Any]) -> None:
        """Looks at the loss from time to time, and at the end of the epoch.

        Raises:
            DataError: It is no number any more.
        """
        self._bar.advance(step - self._shown)
        self._shown = step
        self._recent.append((step, figures))
        last = step == self._steps.epoch - 1
        while len(self._recent) > 1 and (last or self._recent[1][0] <= step - _BEHIND):
            self._recent.popleft()
        if last or step - self._looked >= _CHECK_EVERY:
            self._looked = step
            seen_step, seen = self._recent[0]
            self._check_loss(seen, seen_step)
            self._bar.show(seen)

    def start_validation(self) -> None:
        """Stops the clock of the training images, and validates the average of the weights where there is one."""
        self._images_per_s = self._timer.finish_training_part()
        self._trainer.swap_average()
        if self._statistics is not None:
            self._statistics.measure()

    def end_epoch(self, figures: Mapping[str, Any]) -> None:
        """Keeps the epoch, says how it was, and stops the training where the recipe says so."""
        self._bar.stop()
        self._check_loss(figures, self._steps.epoch - 1)
        row = {name: float(figures[key]) for name, key in _FIGURES.items()}
        number = finished_epochs(self._history) + 1.0
        rate = self._rate(self._steps.epoch - 1)
        row = {"epoch": number, **row, "learning_rate": rate, "images_per_s": self._images_per_s}
        self._keep(row)
        self._timer.finish_epoch()
        log.info(
            "%s", describe_epoch(row, self._recipe.epochs, self._timer.seconds_left(finished_epochs(self._history)))
        )
        if should_stop(self._history, self._recipe):
            log.info("no better epoch in %d: stopped early", self._recipe.early_stopping)
            self._trainer.model.stop_training = True

    def _keep(self, row: Row) -> None:
        self._history.append(row)
        if best_epoch(self._history, self._recipe.checkpoint) is row:
            self._sink.save_best(self._trainer.update_network())
        self._sink.save_epoch(Checkpoint(tuple(self._history), self._trainer.state()))

    def _check_loss(self, figures: Mapping[str, Any], step: int) -> None:
        """Raises DataError where the loss is no number any more, and names the step that it began with."""
        loss = float(figures["loss"])
        if math.isfinite(loss):
            return
        seen = min((step + 1) * self._recipe.batch_size, self._images)
        # Numbers never come back, so those that there were fill the steps before. The share is a rounded float32.
        first = min(step, math.floor(float(figures["finite"]) * seen / self._recipe.batch_size + 1e-3))
        epoch = finished_epochs(self._history) + 1
        raise DataError(
            f"the loss is {loss} from epoch {epoch}, step {first + 1} of {self._steps.epoch} on, "
            f"at learning rate {self._rate(first):.3g}: lower --learning-rate or set --clip-norm; "
            "the best epoch before it is kept"
        )

    def _rate(self, step: int) -> float:
        # Recomputed, since the optimizer's own variable cannot be read within an epoch on JAX.
        done = finished_epochs(self._history) * self._steps.epoch
        return rate_at(self._recipe, self._steps, done + step, plateau_rate(self._history, self._recipe))
