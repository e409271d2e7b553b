"""What the page says beside the picture, and how it travels."""

from __future__ import annotations

import json
import math
from dataclasses import dataclass

from cnnkit.classifier import Candidate


@dataclass(frozen=True)
class PageState:
    """What is known about the newest frame."""

    source: str  # what the person called the camera, file or address
    signal: str  # "live", "lost", "frozen", "damaged", "ended" or "waiting" (no frame has come yet)
    label: str | None  # None: nothing was classified
    confidence: float | None  # probability of `label`, 0 to 1
    top: tuple[Candidate, ...]  # falling probability
    inference_hz: float | None  # frames classified a second; None while unknown
    capture_hz: float | None  # frames the source gives a second; None while unknown
    age_ms: float | None  # how old the frame was when it was published
    frame: int | None  # its number


WAITING = PageState("", "waiting", None, None, (), None, None, None, None)


def to_json(state: PageState, *, since_ms: float | None, signal_s: float) -> str:
    """Writes a state as one line of ASCII, whatever the labels hold; numbers that JSON has not become null.

    Args:
        state: What to write.
        since_ms: How long ago it was published; None when nothing was yet.
        signal_s: For how many seconds the signal has been what it is.
    """
    fields = {
        "source": state.source,
        "signal": state.signal,
        "label": state.label,
        "confidence": _finite(state.confidence),
        "top": [{"label": each.label, "probability": _finite(each.probability)} for each in state.top],
        "inference_hz": _finite(state.inference_hz),
        "capture_hz": _finite(state.capture_hz),
        "age_ms": _finite(state.age_ms),
        "frame": state.frame,
        "since_ms": since_ms,
        "signal_s": signal_s,
    }
    return json.dumps(fields, allow_nan=False)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
