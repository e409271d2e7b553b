"""The outcome of a bench run: its raw times and figures, written as JSON and read back."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.session.reading import read_session as read_session
    from cnnkit.bench.session.schema import SCHEMA_VERSION as SCHEMA_VERSION
    from cnnkit.bench.session.session import (
        INTERRUPTED as INTERRUPTED,
        Accuracy as Accuracy,
        Latency as Latency,
        PacedLatency as PacedLatency,
        Result as Result,
        Session as Session,
    )
    from cnnkit.bench.session.summary import summarise as summarise
else:
    __getattr__ = hand_on(
        __name__,
        {
            "reading": ("read_session",),
            "schema": ("SCHEMA_VERSION",),
            "session": ("INTERRUPTED", "Accuracy", "Latency", "PacedLatency", "Result", "Session"),
            "summary": ("summarise",),
        },
    )
