"""Labels that may be wrong are found by images that look like another class."""

from __future__ import annotations

import logging

import numpy as np
import pytest

from cnnkit.train.data import Dataset, Split
from cnnkit.train.transfer.doubts import find_doubts, say_doubts
from cnnkit.train.transfer.head import fit_head

TARGETS = np.repeat([0, 1, 2], 10)


def sure_of(answers: np.ndarray, probability: float = 0.94) -> np.ndarray:
    rest = (1 - probability) / 2
    return np.where(np.eye(3)[answers] > 0, probability, rest).astype(np.float32)


def test_right_and_unsure_answers_raise_no_doubt() -> None:
    assert not len(find_doubts(sure_of(TARGETS), TARGETS))
    unsure = sure_of(TARGETS)
    unsure[3] = [0.2, 0.45, 0.35]
    assert not len(find_doubts(unsure, TARGETS))


def test_images_that_are_surely_of_another_class_are_found_the_surest_first() -> None:
    answers = sure_of(TARGETS)
    answers[3], answers[25] = [0.05, 0.9, 0.05], [0.98, 0.01, 0.01]
    assert find_doubts(answers, TARGETS).tolist() == [25, 3]


@pytest.mark.parametrize(("wrong", "level"), [(1, logging.INFO), (6, logging.WARNING)])
def test_swapped_labels_are_found_by_the_fit_of_the_last_layer(
    wrong: int, level: int, caplog: pytest.LogCaptureFixture
) -> None:
    generator = np.random.default_rng(0)
    right = np.repeat(np.arange(3), 50)
    features = (10 * np.eye(3, 8)[right] + generator.normal(size=(150, 8))).astype(np.float32)
    swapped = generator.choice(150, wrong, replace=False)
    said = right.copy()
    said[swapped] = (said[swapped] + 1) % 3
    unseen = fit_head(features, [], said, balanced=False).unseen
    assert unseen is not None
    found = set(find_doubts(unseen, said).tolist())
    assert found <= set(swapped.tolist()) and len(found) >= wrong - 1
    split = Split.of(np.zeros((150, 2, 2, 3), np.uint8), said)
    caplog.set_level(logging.INFO, logger="cnnkit")
    say_doubts(unseen, Dataset("photos", ("a", "b", "c"), split, split, None))
    assert caplog.records[0].levelno == level
    assert f"{len(found)} of 150 training images look like another class" in caplog.text
