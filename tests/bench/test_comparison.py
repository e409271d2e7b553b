from __future__ import annotations

import numpy as np
import pytest
from tiny_answers import answers_of

from cnnkit.bench.comparison import Change, ClassChange, compare
from cnnkit.measuring.statistics import macro_f1, mcnemar_p_value

LABELS = ("red", "green", "blue")


def answers(targets, before, now):
    images = tuple(f"{LABELS[target]}/{index}.png" for index, target in enumerate(targets))
    return answers_of(np.array(targets), {"net": np.array(before), "int8": np.array(now)}, images)


def test_who_is_right_where_they_differ():
    #                            right before   right now      both wrong, differently   both wrong, the same
    found = compare("int8", "net", answers([0, 0, 0, 1, 2, 2], [0, 0, 1, 1, 0, 1], [0, 1, 0, 1, 1, 1]), LABELS)
    assert (found.images, found.only_reference_right, found.only_contender_right) == (6, 1, 1)
    assert found.agreement.value == pytest.approx(3 / 6)
    assert found.accuracy_drop.value == 0 and found.accuracy_drop.low < 0 < found.accuracy_drop.high
    assert found.p_value == 1
    assert found.classes == (
        ClassChange("red", 3, 2, 2),
        ClassChange("green", 1, 1, 1),
        ClassChange("blue", 2, 0, 0),
    )
    assert found.changes == (
        Change("red/1.png", "red", "red", "green"),
        Change("red/2.png", "red", "green", "red"),
        Change("blue/4.png", "blue", "red", "green"),
    )


def test_the_same_answers_agree():
    found = compare("int8", "net", answers([0, 1, 2], [0, 1, 2], [0, 1, 2]), LABELS)
    assert (found.agreement.value, found.changes, found.p_value) == (1.0, (), 1.0)


@pytest.mark.parametrize(("a", "b"), [(0, 0), (0, 1), (1, 1), (0, 10), (3, 12), (50, 61), (400, 481), (0, 3000)])
def test_mcnemar_is_the_binomial_test(a, b):
    stats = pytest.importorskip("scipy.stats")
    expected = stats.binomtest(min(a, b), a + b).pvalue if a + b else 1.0
    assert mcnemar_p_value(a, b) == mcnemar_p_value(b, a) == pytest.approx(expected, rel=1e-9, abs=1e-300)


def test_classes_that_lost_most_come_first():
    found = compare("int8", "net", answers([0, 0, 1, 1, 2], [0, 0, 1, 0, 2], [0, 0, 0, 0, 1]), LABELS)
    assert [(change.label, change.reference_right - change.contender_right) for change in found.classes] == [
        ("green", 1), ("blue", 1), ("red", 0),
    ]  # fmt: skip


@pytest.mark.parametrize("classes", [2, 5, 12])
def test_macro_f1_is_that_of_scikit_learn(classes):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(classes)
    targets, predicted = rng.integers(0, classes, 40), rng.integers(0, classes, 40)
    expected = metrics.f1_score(targets, predicted, average="macro")
    assert macro_f1(targets, predicted) == pytest.approx(expected)
    assert macro_f1([3, 3], [3, 3]) == 1
