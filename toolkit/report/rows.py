"""One row per input and model: what was asked, and the answer or the reason why there is none."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from cnnkit.classifier import Prediction
from cnnkit.errors import printable as printable


@dataclass(frozen=True)
class PredictionRow:
    """The outcome for one input; one of `prediction` and `error` is given at most."""

    source: str  # a path as the system gave it: bytes that are no UTF-8 are surrogate escapes
    prediction: Prediction | None = None
    error: str | None = None
    member: str | None = None  # of an archive
    frame: int | None = None  # of a video: its number, from 0
    seconds: float | None = None  # of a video: its time
    model: str | None = None  # where several models answer
    warning: str | None = None  # what is odd, or even damaged, about a file that was answered

    @property
    def name(self) -> str:
        """What the input is called in one text."""
        return input_name(self.source, self.member, self.frame)

    @property
    def shown(self) -> str:
        """The input as it can be printed anywhere."""
        return printable(self.name)

    def identity(self) -> dict[str, Any]:
        """Returns what tells the row from all others of a run: the first fields of the machine formats."""
        fields: dict[str, Any] = {"source": self.source}
        if self.member is not None:
            fields["member"] = self.member
        if self.frame is not None:
            fields.update(frame=self.frame, seconds=self.seconds)
        if self.model is not None:
            fields["model"] = self.model
        return fields

    def fields(self) -> dict[str, Any]:
        """Returns the row of the machine formats."""
        fields, prediction = self.identity(), self.prediction
        if prediction is None:
            return {
                **fields,
                "label": None,
                "confidence": None,
                "top": [],
                "error": self.error,
                "warning": self.warning,
            }
        fields["label"], fields["confidence"] = prediction.label, prediction.confidence
        fields["top"] = [{"label": label, "probability": probability} for label, probability in prediction.top]
        fields["error"], fields["warning"] = self.error, self.warning
        return fields


def input_name(source: str, member: str | None, frame: int | None) -> str:
    """Returns what an input is called in one text: "photo.jpg", "photos.zip/cat.jpg", "film.mp4 frame 12"."""
    if frame is not None:
        return f"{source} frame {frame}"
    return source if member is None else f"{source}/{member}"
