from __future__ import annotations

import numpy as np
import pytest

from cnnkit.classifier import class_probabilities, sigmoid, softmax
from cnnkit.spec import InputSpec, ModelSpec


def test_softmax() -> None:
    assert softmax(np.zeros((2, 4), np.float32)).tolist() == [[0.25] * 4] * 2
    large = softmax(np.array([[1e4, 0, -1e4]], np.float64))
    assert large.dtype == np.float32
    assert large.tolist() == [[1, 0, 0]]
    logits = np.array([[1, 2, 3], [0, -5, 5]], np.float32)
    expected = np.exp(logits.astype(float)) / np.exp(logits.astype(float)).sum(1, keepdims=True)
    assert np.allclose(softmax(logits), expected, atol=1e-7)


def test_sigmoid() -> None:
    given = sigmoid(np.array([[0, 1, -1, 1e4, -1e4]], np.float32))
    assert given.dtype == np.float32
    np.testing.assert_allclose(given, [[0.5, 1 / (1 + np.exp(-1)), 1 / (1 + np.exp(1)), 1, 0]], atol=1e-7)


@pytest.mark.parametrize(
    ("output", "given", "expected"),
    [
        ("probabilities", [[0.25, 0.75]], [[0.25, 0.75]]),
        ("probabilities", [[0.75]], [[0.25, 0.75]]),
        ("probabilities", [0.75], [[0.25, 0.75]]),
        ("logits", [[0.0]], [[0.5, 0.5]]),
        ("logits", [[np.log(3)]], [[0.25, 0.75]]),
        ("logits", [[-1e4]], [[1, 0]]),
        ("logits", [[0.0, np.log(3)]], [[0.25, 0.75]]),
        ("independent", [[0.9, 0.8]], [[0.9, 0.8]]),
        ("independent-logits", [[np.log(3), 0.0]], [[0.75, 0.5]]),
    ],
)
def test_one_probability_a_label(output: str, given: list[object], expected: list[list[float]]) -> None:
    spec = ModelSpec(("cat", "dog"), InputSpec(8, 8, 3), output)
    answers = class_probabilities(np.array(given, np.float32), spec)
    assert answers.dtype == np.float32
    np.testing.assert_allclose(answers, expected, atol=1e-7)
