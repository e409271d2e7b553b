"""Prediction rows as a table."""

from __future__ import annotations

from collections.abc import Sequence

from cnnkit.classifier import Prediction
from cnnkit.report.row_writers import Sink
from cnnkit.report.rows import PredictionRow, printable
from cnnkit.report.tables import NOTHING, plain_table, print_table
from cnnkit.system import log


class TableWriter:
    """Prints the good rows at the end, since columns are as wide as their widest cell; failures at once on stderr.

    Args:
        sink: Where to; None is stdout.
        top_k: For the heading.
        models: Names where several models answer, side by side; else empty.
    """

    def __init__(self, sink: Sink | None, top_k: int, models: Sequence[str] = ()) -> None:
        self._sink, self._top_k, self._models = sink, top_k, tuple(models)
        self._rows: list[tuple[str, tuple[Prediction | None, ...]]] = []
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
        if self._models:
            columns = ("image", *(column for name in self._models for column in (name, ">")))
            self._print(columns, [_side_by_side(source, answers) for source, answers in self._rows], "")
            return
        rows = [(source, answer) for source, [answer] in self._rows if answer is not None]
        if rows and self._seen == 1:
            self._print(*_one_image(*rows[0]))
        else:
            columns = ("image", "label", ">confidence", f"top {self._top_k}")
            self._print(columns, [_cells(source, prediction) for source, prediction in rows], "")

    def _take(self, rows: Sequence[PredictionRow]) -> None:
        """Takes the answers to one image."""
        self._seen += 1
        for error, row in {row.error: row for row in rows if row.error is not None}.items():
            log.error("%s: %s", row.shown, error)
        if any(row.prediction is not None for row in rows):
            self._rows.append((rows[0].shown, tuple(row.prediction for row in rows)))

    def _print(self, columns: Sequence[str], rows: Sequence[Sequence[str]], title: str) -> None:
        if self._sink is None:
            print_table(columns, rows, title=title)
        else:
            self._sink.write((plain_table(columns, rows, title=title) + "\n").encode())


def _one_image(source: str, prediction: Prediction) -> tuple[Sequence[str], Sequence[Sequence[str]], str]:
    rows = [(printable(candidate.label), _percent(candidate.probability)) for candidate in prediction.top]
    likeliest = prediction.top[0].label
    title = source if prediction.label == likeliest else f"{source}: {prediction.label}"
    return ("label", ">probability"), rows, title


def _cells(source: str, prediction: Prediction) -> tuple[str, ...]:
    top = ", ".join(f"{printable(item.label)} {_percent(item.probability)}" for item in prediction.top)
    return source, printable(prediction.label), _percent(prediction.confidence), top


def _side_by_side(source: str, predictions: Sequence[Prediction | None]) -> tuple[str, ...]:
    pairs = (
        (NOTHING, "") if answer is None else (printable(answer.label), _percent(answer.confidence))
        for answer in predictions
    )
    return source, *(cell for pair in pairs for cell in pair)


def _percent(probability: float) -> str:
    return f"{probability:.1%}".replace("%", " %")
