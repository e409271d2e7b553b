from __future__ import annotations

import math

import numpy as np
import pytest
from sklearn import metrics as reference

from cnnkit.train.evaluation.answers import Answers, rank
from cnnkit.train.evaluation.metrics import ClassFigures, ConfusedPair, Metrics, measure_answers


def answers_of(labels: tuple[str, ...], targets: list[int], probabilities: list[list[float]]) -> Answers:
    array = np.array(probabilities, np.float32)
    sources = tuple(map(str, range(len(targets))))
    return Answers(labels, sources, np.array(targets, np.int64), array, rank(array), (), (), ())


def random_answers(classes: int, count: int) -> Answers:
    generator = np.random.default_rng(0)
    targets = generator.integers(0, classes, count)
    scores = generator.normal(size=(count, classes))
    scores[np.arange(count), targets] += 1.5
    probabilities = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    return answers_of(tuple(f"c{index}" for index in range(classes)), targets.tolist(), probabilities.tolist())


@pytest.fixture
def by_hand() -> Metrics:
    """Six images of a, b and c; one a is taken for b, one c for a."""
    probabilities = [
        [0.8, 0.1, 0.1],
        [0.3, 0.5, 0.2],
        [0.1, 0.7, 0.2],
        [0.2, 0.6, 0.2],
        [0.1, 0.1, 0.8],
        [0.5, 0.1, 0.4],
    ]
    return measure_answers(answers_of(("a", "b", "c"), [0, 0, 1, 1, 2, 2], probabilities))  # fmt: skip


def test_figures_by_hand(by_hand: Metrics) -> None:
    fields = by_hand.fields()
    assert fields["images"] == 6 and fields["skipped"] == 0
    assert fields["confusion"] == [[1, 1, 0], [0, 2, 0], [1, 0, 1]]
    assert fields["top1"] == pytest.approx(4 / 6)
    # Wilson's interval of 4 of 6 at z = 1.96
    assert (fields["low"], fields["high"]) == pytest.approx((0.29999, 0.90323), abs=1e-4)
    assert fields["top5"] is fields["top5_low"] is fields["top5_high"] is None  # of three classes it would be 1
    assert fields["loss"] == pytest.approx(-math.log(0.8 * 0.3 * 0.7 * 0.6 * 0.8 * 0.4) / 6, abs=1e-6)
    assert fields["macro"] == pytest.approx({"precision": (1 / 2 + 2 / 3 + 1) / 3, "recall": 2 / 3,
                                             "f1": (1 / 2 + 4 / 5 + 2 / 3) / 3})  # fmt: skip
    assert fields["weighted"] == pytest.approx(fields["macro"])
    # a: images of a score 0.8, 0.3; the others 0.1, 0.2, 0.1, 0.5: 7 of 8 pairs in order
    assert [row["auc"] for row in fields["per_class"].values()] == pytest.approx([7 / 8, 1.0, 1.0])
    assert fields["auc"] == pytest.approx((7 / 8 + 2) / 3)
    assert fields["most_confused"] == [
        {"true": "a", "predicted": "b", "images": 1, "share": 0.5},
        {"true": "c", "predicted": "a", "images": 1, "share": 0.5},
    ]


def test_the_keys_are_those_of_the_format(by_hand: Metrics) -> None:
    assert list(by_hand.fields()) == [
        "images", "skipped", "top1", "low", "high", "top5", "top5_low", "top5_high", "loss", "macro", "weighted",
        "per_class", "confusion", "auc", "calibration_error", "most_confused",
    ]  # fmt: skip
    assert list(by_hand.fields()["per_class"]) == ["a", "b", "c"]
    assert set(by_hand.fields()["per_class"]["a"]) == {"images", "precision", "recall", "f1", "auc"}


@pytest.mark.parametrize("classes", [2, 7, 40])
def test_figures_are_those_of_scikit_learn(classes: int) -> None:
    answers = random_answers(classes, 400)
    found = measure_answers(answers)
    targets, predicted = answers.targets, answers.predicted
    assert found.top1.value == pytest.approx(reference.accuracy_score(targets, predicted))
    exact = answers.probabilities.astype(float)
    exact /= exact.sum(axis=1, keepdims=True)
    assert found.loss == pytest.approx(reference.log_loss(targets, exact), rel=1e-5)
    if classes > 5:
        top5 = reference.top_k_accuracy_score(targets, answers.probabilities, k=5)
        assert found.top5.value == pytest.approx(top5)
    for name, averages in (("macro", found.macro), ("weighted", found.weighted)):
        expected = reference.precision_recall_fscore_support(targets, predicted, average=name, zero_division=0.0)[:3]
        assert (averages.precision, averages.recall, averages.f1) == pytest.approx(expected)
    if classes > 2:
        assert found.auc == pytest.approx(reference.roc_auc_score(targets, exact, multi_class="ovr"), abs=1e-6)


def test_a_class_without_images_is_undefined_and_left_out() -> None:
    probabilities = [[0.6, 0.3, 0.1], [0.2, 0.7, 0.1], [0.1, 0.1, 0.8]]
    found = measure_answers(answers_of(("a", "b", "never"), [0, 1, 1], probabilities))
    assert found.per_class["never"] == ClassFigures(0, None, None, None, None)
    assert found.fields()["per_class"]["never"]["recall"] is None
    assert (found.macro.precision, found.macro.recall) == pytest.approx((1.0, 0.75))
    assert found.auc == pytest.approx((1 + 1 / 2) / 2)
    assert found.most_confused == (ConfusedPair("b", "never", 1, 0.5),)


def test_a_class_that_is_never_predicted_has_precision_0() -> None:
    found = measure_answers(answers_of(("a", "b"), [0, 1], [[0.6, 0.4], [0.6, 0.4]]))
    assert found.per_class["b"] == ClassFigures(1, 0.0, 0.0, 0.0, 0.5)


def test_auc_of_one_class_alone_is_undefined() -> None:
    found = measure_answers(answers_of(("a", "b"), [0, 0], [[0.6, 0.4], [0.4, 0.6]]))
    assert found.auc is None and found.fields()["auc"] is None


def test_top5_leaves_out_what_is_ranked_sixth() -> None:
    falling = [0.3, 0.2, 0.15, 0.12, 0.1, 0.08, 0.05]
    labels = tuple("abcdefg")
    found = measure_answers(answers_of(labels, [4, 5], [falling, falling]))
    assert found.top5.value == 0.5 and 0 < found.top5.low < 0.5 < found.top5.high < 1
    assert rank(np.array([[0.25, 0.25, 0.25, 0.25]], np.float32)).tolist() == [[0, 1, 2, 3]]
