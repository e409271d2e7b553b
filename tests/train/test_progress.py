from __future__ import annotations

import pytest

from cnnkit.train.progress import EpochTimer, describe_epoch, duration


def test_images_per_second_leave_validation_out_and_time_left_counts_it() -> None:
    times = iter([0.0, 0.0, 2.0, 3.0])
    timer = EpochTimer(images=1000, epochs=5, clock=lambda: next(times))
    timer.start_epoch()
    assert timer.finish_training_part() == 500.0
    timer.finish_epoch()
    assert timer.seconds_left(finished_epochs=1) == 12.0


@pytest.mark.parametrize(
    ("seconds", "text"), [(0, "0 s"), (99, "99 s"), (100, "2 min"), (3600, "60 min"), (7260, "2 h 1 min")]
)
def test_durations(seconds: float, text: str) -> None:
    assert duration(seconds) == text


def test_a_line_says_all_of_an_epoch() -> None:
    row = {"epoch": 3.0, "loss": 1.5, "accuracy": 0.5, "val_loss": 1.25, "val_accuracy": 0.75, "images_per_s": 1234.5}
    assert describe_epoch(row, 20, 61) == (
        "epoch 3/20  loss 1.5000  accuracy 50.0 %  val_loss 1.2500  val_accuracy 75.0 %  1,234 images/s  61 s left"
    )
