from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnnkit.train.evaluation.calibration import BINS, measure_calibration


@pytest.mark.parametrize(
    ("confidences", "correct", "error"),
    [
        pytest.param([1.0, 1.0], [True, True], 0.0, id="sure and right"),
        pytest.param([1.0, 1.0], [False, False], 1.0, id="sure and wrong"),
        pytest.param([0.5, 0.5], [True, False], 0.0, id="half sure, half right"),
        # Bins (4/15, 5/15] and (13/15, 14/15]: 2/5 |0.5 - 0.3| + 3/5 |1/3 - 0.9|
        pytest.param([0.3, 0.3, 0.9, 0.9, 0.9], [True, False, True, False, False], 0.42, id="by hand"),
    ],
)
def test_the_error(confidences: list[float], correct: list[bool], error: float) -> None:
    found = measure_calibration(np.array(confidences, np.float32), np.array(correct))
    assert found.error == pytest.approx(error, abs=1e-7)
    assert found.counts.sum() == len(confidences)


@pytest.mark.parametrize("edge", range(1, BINS + 1))
def test_a_bin_ends_with_its_upper_edge(edge: int) -> None:
    found = measure_calibration(np.array([edge / BINS], np.float32), np.array([True]))
    assert found.counts.nonzero()[0].tolist() == [edge - 1]


@given(st.lists(st.tuples(st.floats(0, 1, width=32), st.booleans()), min_size=1, max_size=50))
def test_the_error_is_no_less_than_the_gap_of_the_means(answers: list[tuple[float, bool]]) -> None:
    confidences = np.array([confidence for confidence, _ in answers], np.float32)
    correct = np.array([right for _, right in answers])
    found = measure_calibration(confidences, correct)
    assert abs(confidences.astype(np.float64).mean() - correct.mean()) - 1e-9 <= found.error <= 1 + 1e-9
