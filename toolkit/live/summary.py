"""What happened while the loop ran."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class LiveSummary:
    """Counts and rates of one run of the loop."""

    classified: int  # frames
    lost: int  # frames that could not be read
    skipped: int  # frames that a newer one replaced before the model was free
    rate_hz: float | None  # frames classified a second, over the last ones
    age_ms: float | None  # median age of a frame when it was shown or logged, over the last 1000
    damaged: int = 0  # frames that came torn or incomplete, and were left out
    failed: int = 0  # cameras of several that were given up

    def __str__(self) -> str:
        parts = [f"{self.classified:,} frame{'' if self.classified == 1 else 's'} classified"]
        if self.skipped:
            parts.append(f"{self.skipped:,} skipped for newer ones")
        if self.damaged:
            parts.append(f"{self.damaged:,} damaged and left out")
        if self.lost:
            parts.append(f"{self.lost:,} not readable")
        if self.failed:
            parts.append("1 camera given up" if self.failed == 1 else f"{self.failed} cameras given up")
        if self.rate_hz is not None:
            parts.append(f"{self.rate_hz:.1f} frames/s")
        if self.age_ms is not None:
            parts.append(f"frames {self.age_ms:.1f} ms old at their labels")
        return ", ".join(parts)


NOTHING_SEEN = LiveSummary(0, 0, 0, None, None)
