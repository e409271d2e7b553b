from __future__ import annotations

from dataclasses import dataclass

import pytest

from cnnkit.classifier import Candidate, Prediction
from cnnkit.report.json_output import to_json
from cnnkit.report.row_writers import row_json
from cnnkit.report.rows import PredictionRow


@dataclass(frozen=True)
class LongerRow(PredictionRow):
    """A row with more fields than usual."""

    def fields(self):
        return {**super().fields(), "age_ms": 1.5}


def answer(label="cat", *probabilities):
    top = tuple(Candidate(f"{label} {rank}", value) for rank, value in enumerate(probabilities or (0.75, 0.25)))
    return Prediction(label, top[0].probability, top)


@pytest.mark.parametrize(
    "row",
    [
        pytest.param(PredictionRow("a.jpg", answer()), id="usual"),
        pytest.param(PredictionRow("a.jpg", answer("cat", 1.0, 0.0, 1e-5, 1.1754944e-38, 0.1)), id="numbers"),
        pytest.param(PredictionRow('a\n"\\\t\x7f.jpg', answer('"cat"\\')), id="escapes"),
        pytest.param(PredictionRow("ä/猫.jpg", answer("Zoë")), id="not ASCII"),
        pytest.param(PredictionRow("caf\udce9.jpg", answer("Zoë")), id="no UTF-8"),
        pytest.param(PredictionRow("a.jpg", answer("\udce9")), id="label that is no UTF-8"),
        pytest.param(PredictionRow("a.jpg", answer("unknown", 0.2)), id="one candidate"),
        pytest.param(PredictionRow("b.jpg", error="no image"), id="failure"),
        pytest.param(PredictionRow("a.zip", answer(), member="b.jpg"), id="archive"),
        pytest.param(PredictionRow("a.mp4", answer(), frame=3, seconds=0.12), id="video"),
        pytest.param(PredictionRow("a.jpg", answer(), model="lite0"), id="several models"),
        pytest.param(LongerRow("a.jpg", answer()), id="another kind of row"),
    ],
)
def test_json_of_a_row_is_that_of_its_fields(row):
    assert row_json(row) == to_json(row.fields())
