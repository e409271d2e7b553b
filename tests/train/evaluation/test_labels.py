from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.evaluation.labels import binary_losses, measure_labels

WANTED = np.array([[1, 0, 1], [1, 1, 0], [0, 0, 0], [1, 0, 0]], bool)
GIVEN = np.array([[0.9, 0.2, 0.4], [0.6, 0.7, 0.1], [0.3, 0.8, 0.2], [0.4, 0.1, 0.5]], np.float32)


def test_figures():
    metrics = measure_labels(GIVEN, WANTED, ("ant", "bee", "cat"), (0.5, 0.5, 0.3), skipped=2)
    ant, bee, cat = metrics.per_class.values()
    assert (metrics.images, metrics.skipped, metrics.exact.value) == (4, 2, 0.5)
    assert (ant.images, ant.precision, ant.recall, ant.f1) == (3, 1.0, pytest.approx(2 / 3), pytest.approx(0.8))
    assert (bee.precision, bee.recall, bee.f1) == (0.5, 1.0, pytest.approx(2 / 3))
    assert (cat.limit, cat.precision, cat.recall) == (0.3, 0.5, 1.0)
    # the ranks of the right ones: ant 1, 2, 3 of 4; bee 2; cat 2
    assert [one.average_precision for one in (ant, bee, cat)] == pytest.approx([1.0, 0.5, 0.5])
    assert [one.auc for one in (ant, bee, cat)] == pytest.approx([1.0, 2 / 3, 2 / 3])
    assert metrics.mean_average_precision == pytest.approx(2 / 3)
    assert metrics.macro_f1 == pytest.approx((0.8 + 2 / 3 + 2 / 3) / 3)
    assert metrics.micro_f1 == pytest.approx(2 * 4 / (6 + 5))
    assert metrics.fields()["top1"] == 0.5


def test_a_label_that_no_image_has_and_one_that_all_have():
    wanted = np.array([[1, 0], [1, 0]], bool)
    metrics = measure_labels(np.full((2, 2), 0.9, np.float32), wanted, ("a", "b"), (0.5, 0.5))
    a, b = metrics.per_class.values()
    assert (a.f1, a.average_precision, a.auc) == (1.0, None, None)
    assert (b.f1, b.average_precision, b.auc) == (None, None, None)
    assert (metrics.mean_average_precision, metrics.macro_f1) == (None, 1.0)


def test_losses():
    losses = binary_losses(np.array([[0.9, 0.2], [0.0, 1.0]], np.float32), np.array([[1, 0], [0, 1]], bool))
    np.testing.assert_allclose(losses, [-np.log(0.9) - np.log(0.8), 0], atol=1e-6)
