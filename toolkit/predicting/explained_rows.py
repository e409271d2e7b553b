"""What explains the answer to an image, as rows: a table, JSON, JSON lines or CSV."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, Literal

from cnnkit.classifier import Prediction
from cnnkit.images import Window
from cnnkit.report import NOTHING, PredictionRow, csv_lines, percent, print_table, printable, to_json
from cnnkit.system import log, print_data

RowStyle = Literal["table", "json", "jsonl", "csv"]
_FIELDS = ("explained", "probability", "part", "without", "method", "evaluations")
_COLUMNS = (
    "source", "label", "confidence", "explained", "probability", "left", "top", "width", "height", "label_without",
    "confidence_without", "probability_without", "method", "evaluations", "error", "warning",
)  # fmt: skip


@dataclass(frozen=True)
class Reason:
    """What carried an answer."""

    label: str  # of the class that is explained
    probability: float  # of that class, 0 to 1
    part: Window | None  # the part of the photo, in its pixels, upright; None where no part carries it
    without: Prediction | None  # the answer to the photo with that part covered
    probability_without: float | None  # of the class that is explained
    method: str
    evaluations: int  # images that the network was run on

    def fields(self) -> dict[str, Any]:
        """Returns what JSON has of it."""
        without = None
        if self.without is not None:
            label, confidence, top = self.without[:3]
            without = {"label": label, "confidence": confidence, "probability": self.probability_without}
            without["top"] = [candidate._asdict() for candidate in top]
        return {
            "explained": self.label,
            "probability": self.probability,
            "part": None if self.part is None else self.part._asdict(),
            "without": without,
            "method": self.method,
            "evaluations": self.evaluations,
        }

    def cells(self) -> list[object]:
        """Returns what CSV has of it."""
        box = [""] * 4 if self.part is None else [self.part.left, self.part.top, self.part.width, self.part.height]
        without = [""] * 3 if self.without is None else [*self.without[:2], self.probability_without]
        return [self.label, self.probability, *box, *without, self.method, self.evaluations]


@dataclass(frozen=True)
class ReasonRow:
    """An answer and what carried it, or why there is neither."""

    answer: PredictionRow
    reason: Reason | None = None

    def fields(self) -> dict[str, Any]:
        """Returns the row of JSON: that of `cnnkit predict`, and what carried the answer."""
        fields = self.answer.fields()
        said = {name: fields.pop(name) for name in ("error", "warning")}
        reason = dict.fromkeys(_FIELDS) if self.reason is None else self.reason.fields()
        return {**fields, **reason, **said}

    def cells(self) -> list[object]:
        """Returns the row of CSV."""
        prediction, said = self.answer.prediction, [self.answer.error or "", self.answer.warning or ""]
        if prediction is None or self.reason is None:
            return [self.answer.name, *[""] * (len(_COLUMNS) - 3), *said]
        return [self.answer.name, *prediction[:2], *self.reason.cells(), *said]


class ReasonWriter:
    """Prints rows on stdout as they come; a table and a JSON list at the end.

    Args:
        style: The format.
    """

    def __init__(self, style: RowStyle) -> None:
        self._style, self._rows = style, list[ReasonRow]()
        if style == "csv":
            _print(csv_lines([_COLUMNS]).decode(), is_json=False)

    def write(self, row: ReasonRow) -> None:
        """Takes a row."""
        if self._style == "csv":
            _print(csv_lines([row.cells()]).decode(), is_json=False)
        elif self._style == "jsonl":
            _print(to_json(row.fields()) + "\n")
        else:
            self._rows.append(row)
        if self._style == "table" and row.answer.error is not None:
            log.error("%s: %s", row.answer.shown, row.answer.error)

    def close(self) -> None:
        """Prints what comes at the end."""
        if self._style == "json":
            _print(to_json([row.fields() for row in self._rows], indent=2) + "\n")
        good = [row for row in self._rows if row.reason is not None]
        if self._style == "table" and good:
            print_table(*_table(good))


def _table(rows: Sequence[ReasonRow]) -> tuple[tuple[str, ...], list[tuple[str, ...]]]:
    """Returns headings and cells; the explained class has columns of its own where it is not the answer everywhere."""
    other = any(row.reason is not None and row.reason.label != row.answer.fields()["label"] for row in rows)
    asked = ("explained", ">probability") if other else ()
    odd = ("warning",) if any(row.answer.warning for row in rows) else ()
    columns = ("photo", "answer", ">confidence", *asked, "carried by", "without it", ">confidence", ">falls to", *odd)
    return columns, [(*_cells(row, other), *(printable(row.answer.warning or "") for _ in odd)) for row in rows]


def _cells(row: ReasonRow, other: bool) -> tuple[str, ...]:
    prediction, reason = row.answer.prediction, row.reason
    assert prediction is not None and reason is not None
    asked = (printable(reason.label), percent(reason.probability)) if other else ()
    part = "no part alone" if reason.part is None else describe_part(reason.part)
    without = (NOTHING, NOTHING) if reason.without is None else (
        printable(reason.without.label), percent(reason.without.confidence)
    )  # fmt: skip
    answered = row.answer.shown, printable(prediction.label), percent(prediction.confidence)
    return *answered, *asked, part, *without, percent(reason.probability_without)


def describe_part(part: Window) -> str:
    """Returns a part as people say it: "120 x 80 pixels at 10, 20"."""
    return f"{part.width} x {part.height} pixels at {part.left}, {part.top}"


def _print(text: str, *, is_json: bool = True) -> None:
    print_data(text, is_json=is_json)
    sys.stdout.flush()
