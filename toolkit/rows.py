"""One row per input: what was asked, and the answer or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from cnnkit.classifier import Prediction


@dataclass(frozen=True)
class PredictionRow:
    """The outcome for one input; exactly one of `prediction` and `error` is given."""

    source: str  # a path as the system gave it: bytes that are no UTF-8 are surrogate escapes
    prediction: Prediction | None = None
    error: str | None = None

    @property
    def shown(self) -> str:
        """The source as it can be printed anywhere."""
        return printable(self.source)

    def fields(self) -> dict[str, Any]:
        """Returns the row of the machine formats; probabilities as short as float32 allows."""
        prediction = self.prediction
        return {
            "source": self.source,
            "label": None if prediction is None else prediction.label,
            "confidence": None if prediction is None else short_float(prediction.confidence),
            "top": [
                {"label": candidate.label, "probability": short_float(candidate.probability)}
                for candidate in (() if prediction is None else prediction.top)
            ],
            "error": self.error,
        }


def printable(text: str) -> str:
    """Escapes what a terminal or a UTF-8 file cannot show: control characters and bytes that are no UTF-8."""
    if text.isprintable():
        return text
    return "".join(char if char.isprintable() else char.encode("unicode_escape").decode() for char in text)


def short_float(value: float) -> float:
    """Returns the shortest decimal number that is the same float32: 0.93 rather than 0.9300000071525574."""
    return float(str(np.float32(value)))
