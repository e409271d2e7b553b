"""What has gone wrong in a training is said."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.runs.complaints import Complaints, beats_chance, final_complaints, says_little

EVEN = np.repeat(np.arange(4), 25)


def row(epoch: int, accuracy: float, val_accuracy: float) -> dict[str, float]:
    return {"epoch": float(epoch), "accuracy": accuracy, "val_accuracy": val_accuracy}


@pytest.mark.parametrize(
    ("last", "said"),
    [
        pytest.param(row(3, 0.95, 0.27), 1, id="by heart"),
        pytest.param(row(3, 0.95, 0.6), 0, id="learned"),
        pytest.param(row(3, 0.4, 0.27), 0, id="still learning"),
        pytest.param(row(2, 0.95, 0.27), 0, id="too early"),
    ],
)
def test_images_learned_by_heart_are_said_once(
    last: dict[str, float], said: int, caplog: pytest.LogCaptureFixture
) -> None:
    complaints = Complaints(EVEN)
    for _ in range(3):
        complaints.look([last])
    assert caplog.text.count("learned by heart") == said


@pytest.mark.parametrize(
    ("accuracy", "targets", "beats"),
    [(0.25, EVEN, False), (0.5, EVEN, True), (0.33, EVEN, False), (0.8, np.repeat([0, 1], [80, 20]), False)],
)
def test_chance_is_the_commonest_class(accuracy: float, targets: np.ndarray, beats: bool) -> None:
    assert beats_chance(accuracy, targets) is beats


def test_the_end(caplog: pytest.LogCaptureFixture) -> None:
    labels = ("a", "b", "c", "d")
    one = np.tile(np.array([[0.7, 0.1, 0.1, 0.1]], np.float32), (100, 1))
    assert [line.split(":")[0] for line in final_complaints(one, EVEN, labels)] == [
        "every validation image is answered with 'a'",
        "validation accuracy, 25.0 % of 100 images, is not above chance by its 95 % interval",
    ]
    assert not list(final_complaints(np.eye(4, dtype=np.float32)[EVEN], EVEN, labels))


def test_of_a_few_validation_images_nothing_else_is_said() -> None:
    one = np.tile(np.array([[0.7, 0.3]], np.float32), (2, 1))
    assert list(final_complaints(one, np.array([0, 1]), ("a", "b"), 1.0)) == [
        "the 2 validation images hardly tell which epoch is best: add images, or hold out more of them with "
        "--validation"
    ]


def test_a_class_that_is_never_right_and_what_is_learned_by_heart_are_said() -> None:
    answers = np.where(EVEN == 3, 0, EVEN)
    complaints = list(final_complaints(np.eye(4, dtype=np.float32)[answers], EVEN, tuple("abcd"), 1.0))
    assert complaints == [
        "not one validation image is right of d (of 25): add images of it, or --class-weights",
        "training accuracy is 100 %, validation accuracy 75 %: much is learned by heart; more images help most, then "
        "augmentation",
    ]
    assert not list(final_complaints(np.eye(4, dtype=np.float32)[EVEN], EVEN, tuple("abcd"), 1.0))


def test_a_wide_interval_is_said() -> None:
    assert says_little(0.5, 0.9, 12) == (
        "12 images measure little, the truth lies between 50 and 90 %: keep more of them for testing, or average over "
        "folds with cnnkit crossval"
    )
    assert says_little(0.9, 0.95, 1000) is None
