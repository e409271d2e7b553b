from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnnkit.classifier import Candidate, Prediction, short_float
from cnnkit.report.rows import PredictionRow, printable


def test_fields_of_an_answer():
    top = (Candidate("cat", 0.93), Candidate("dog", 0.0625))
    assert PredictionRow("photo.jpg", Prediction("cat", top[0].probability, top)).fields() == {
        "source": "photo.jpg",
        "label": "cat",
        "confidence": 0.93,
        "top": [{"label": "cat", "probability": 0.93}, {"label": "dog", "probability": 0.0625}],
        "error": None,
        "warning": None,
    }


def test_fields_of_a_failure():
    row = PredictionRow("broken.jpg", error="truncated JPEG: data ends after 1,204 bytes")
    assert row.fields() == {
        "source": "broken.jpg",
        "label": None,
        "confidence": None,
        "top": [],
        "error": "truncated JPEG: data ends after 1,204 bytes",
        "warning": None,
    }


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("Zoë 猫.jpg", "Zoë 猫.jpg", id="plain"),
        pytest.param("a\nb\x1b[31m", "a\\nb\\x1b[31m", id="control characters"),
        pytest.param("caf\udce9", "caf\\udce9", id="no UTF-8"),
    ],
)
def test_printable(text, expected):
    assert printable(text) == expected


@given(st.floats(0, 1, width=32))
def test_short_float_is_the_same_float32(value):
    assert np.float32(short_float(np.float32(value))) == np.float32(value)
    assert len(repr(short_float(np.float32(value)))) <= len(repr(value))
