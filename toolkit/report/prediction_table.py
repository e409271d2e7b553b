"""Prediction rows as a table."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from cnnkit.classifier import Prediction
from cnnkit.report.row_writers import Sink
from cnnkit.report.rows import PredictionRow, printable
from cnnkit.report.tables import NOTHING, plain_table, print_table
from cnnkit.system import log


class _Answered(NamedTuple):
    """An image that at least one model answered."""

    source: str
    answers: tuple[Prediction | None, ...]  # one a model
    warning: str  # empty where there is none

    @property
    def first(self) -> Prediction:
        """The answer of the one model that there is."""
        (answer,) = self.answers
        assert answer is not None
        return answer


class TableWriter:
    """Prints the good rows at the end, since columns are as wide as their widest cell; failures at once on stderr.

    Args:
        sink: Where to; None is stdout.
        top_k: For the heading.
        models: Names where several models answer, side by side; else empty.
    """

    def __init__(self, sink: Sink | None, top_k: int, models: Sequence[str] = ()) -> None:
        self._sink, self._top_k, self._models = sink, top_k, tuple(models)
        self._rows: list[_Answered] = []
        self._seen = 0

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Takes the rows of one batch; those of an image for all models come together."""
        models = max(1, len(self._models))
        for start in range(0, len(rows), models):
            self._take(rows[start : start + models])

    def close(self) -> None:
        """Prints the table."""
        if not self._rows and self._sink is None:
            return  # the lines on stderr say it all
        if not self._models and self._rows and self._seen == 1:
            self._print(*_one_image(self._rows[0]))
            return
        models = (column for name in self._models for column in (name, ">"))
        columns = ("image", *models) if self._models else ("image", "label", ">confidence", f"top {self._top_k}")
        rows = [_side_by_side(row) if self._models else _cells(row) for row in self._rows]
        if any(row.warning for row in self._rows):
            columns = (*columns, "warning")
            rows = [(*cells, row.warning) for cells, row in zip(rows, self._rows, strict=True)]
        self._print(columns, rows, "")

    def _take(self, rows: Sequence[PredictionRow]) -> None:
        """Takes the answers to one image."""
        self._seen += 1
        for error, row in {row.error: row for row in rows if row.error is not None}.items():
            log.error("%s: %s", row.shown, error)
        if any(row.prediction is not None for row in rows):
            answers = tuple(row.prediction for row in rows)
            self._rows.append(_Answered(rows[0].shown, answers, printable(rows[0].warning or "")))

    def _print(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
        if self._sink is None:
            print_table(columns, rows, title=title)
        else:
            self._sink.write((plain_table(columns, rows, title=title) + "\n").encode())


def _one_image(row: _Answered) -> tuple[Sequence[str], Sequence[Sequence[str]], str]:
    prediction = row.first
    rows = [(printable(candidate.label), _percent(candidate.probability)) for candidate in prediction.top]
    likeliest = prediction.top[0].label if prediction.top else None
    title = row.source if prediction.label == likeliest else f"{row.source}: {prediction.label}"
    return ("label", ">probability"), rows, f"{title} ({row.warning})" if row.warning else title


def _cells(row: _Answered) -> tuple[str, ...]:
    prediction = row.first
    top = ", ".join(f"{printable(item.label)} {_percent(item.probability)}" for item in prediction.top)
    return row.source, printable(prediction.label), _percent(prediction.confidence), top


def _side_by_side(row: _Answered) -> tuple[str, ...]:
    pairs = (
        (NOTHING, "") if answer is None else (printable(answer.label), _percent(answer.confidence))
        for answer in row.answers
    )
    return row.source, *(cell for pair in pairs for cell in pair)


def _percent(probability: float) -> str:
    return f"{probability:.1%}".replace("%", " %")
