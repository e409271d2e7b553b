"""Prediction rows as the cells of a table with fixed columns: CSV."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from cnnkit.report.rows import PredictionRow


@dataclass(frozen=True)
class Columns:
    """Which columns there are; they are settled before the first row is there."""

    top_k: int = 5  # candidates a row
    member: bool = False  # of archives
    frame: bool = False  # number and seconds of the frames of videos
    model: bool = False  # where several models answer

    def heading(self) -> tuple[str, ...]:
        """Returns the names of the columns."""
        names = (name for rank in range(1, self.top_k + 1) for name in (f"label_{rank}", f"probability_{rank}"))
        return *self._identity_heading(), "label", "confidence", *names, "error", "warning"

    def identity(self, row: PredictionRow) -> tuple[object, ...]:
        """Returns the cells that tell a row from all others; what has no column of its own is part of the source."""
        source = row.source if (self.member or row.member is None) and (self.frame or row.frame is None) else row.name
        values = {
            "source": source,
            "member": row.member,
            "frame": row.frame,
            "seconds": row.seconds,
            "model": row.model,
        }
        return tuple("" if values[name] is None else values[name] for name in self._identity_heading())

    def said(self, cells: Sequence[str]) -> tuple[str | None, str | None]:
        """Returns the error and the warning of a row that was read back."""
        return cells[-2] or None, cells[-1] or None

    @property
    def identity_width(self) -> int:
        """How many of the first columns tell a row from all others."""
        return len(self._identity_heading())

    def cells(self, row: PredictionRow) -> tuple[object, ...]:
        """Returns all cells of a row."""
        if row.prediction is None:
            return *self.identity(row), "", "", *[""] * (2 * self.top_k), row.error, row.warning or ""
        top = [cell for candidate in row.prediction.top for cell in candidate]
        filling = [""] * (2 * self.top_k - len(top))
        return (
            *self.identity(row),
            row.prediction.label,
            row.prediction.confidence,
            *top,
            *filling,
            "",
            row.warning or "",
        )

    def _identity_heading(self) -> tuple[str, ...]:
        return (
            "source", *(("member",) if self.member else ()), *(("frame", "seconds") if self.frame else ()),
            *(("model",) if self.model else ()),
        )  # fmt: skip


def csv_lines(rows: Sequence[Sequence[object]]) -> bytes:
    """Returns rows as CSV; bytes of a file name that are no UTF-8 come out as escapes."""
    import csv
    import io

    text = io.StringIO(newline="")
    csv.writer(text, lineterminator="\n").writerows(rows)
    return text.getvalue().encode(errors="backslashreplace")
