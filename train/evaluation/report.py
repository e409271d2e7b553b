"""An evaluation as a person reads it on a terminal, and as JSON."""

from __future__ import annotations

from typing import Literal

from cnnkit.measuring import Interval
from cnnkit.report import NOTHING, percent, print_json, print_table, printable
from cnnkit.system import print_text
from cnnkit.train.evaluation.evaluating import Evaluation
from cnnkit.train.evaluation.files import describe_batch
from cnnkit.train.evaluation.label_evaluation import LabelEvaluation, print_label_evaluation
from cnnkit.train.evaluation.metrics import Averages, Metrics

_COLUMNS = ("class", ">precision", ">recall", ">F1", ">AUC", ">images")
_PAIRS = 5  # most confused pairs that are named


def print_evaluation(evaluation: Evaluation | LabelEvaluation, style: Literal["table", "json"]) -> None:
    """Prints an evaluation on stdout; JSON is what metrics.json holds."""
    if isinstance(evaluation, LabelEvaluation):
        print_label_evaluation(evaluation, style)
        return
    metrics = evaluation.metrics
    if style == "json":
        print_json(metrics.fields())
        return
    print_table(_COLUMNS, _rows(metrics))
    print_text()
    for line in _lines(metrics):
        print_text(line)
    if evaluation.answers.shown:
        print_text(describe_batch(evaluation.answers.shown))
    print_text(f"written to {printable(str(evaluation.folder))}")


def _rows(metrics: Metrics) -> list[tuple[str, ...]]:
    classes = [
        (
            printable(label),
            percent(figures.precision),
            percent(figures.recall),
            percent(figures.f1),
            _area(figures.auc),
            f"{figures.images:,}",
        )
        for label, figures in metrics.per_class.items()
    ]
    macro = ("macro mean", *_averages(metrics.macro), _area(metrics.auc), f"{metrics.images:,}")
    weighted = ("weighted mean", *_averages(metrics.weighted), NOTHING, f"{metrics.images:,}")
    return [*classes, macro, weighted]


def _averages(averages: Averages) -> tuple[str, ...]:
    return tuple(map(percent, (averages.precision, averages.recall, averages.f1)))


def _area(auc: float | None) -> str:
    return NOTHING if auc is None else f"{auc:.4f}"


def _lines(metrics: Metrics) -> list[str]:
    lines = [
        f"{_accuracy('top-1', metrics.top1)}, {metrics.images:,} images",
        *([] if metrics.top5 is None else [_accuracy("top-5", metrics.top5)]),
        f"loss {metrics.loss:.4f} nats, expected calibration error {percent(metrics.calibration.error)}",
    ]
    if metrics.most_confused:
        named = (
            f"{printable(pair.true)} taken for {printable(pair.predicted)} ({pair.images:,}, {percent(pair.share)})"
            for pair in metrics.most_confused[:_PAIRS]
        )
        lines.append(f"most confused: {'; '.join(named)}")
    if metrics.skipped:
        lines.append(f"left out: {metrics.skipped:,} image{'s'[: metrics.skipped != 1]} that could not be read")
    return lines


def _accuracy(name: str, share: Interval) -> str:
    return f"{name} {percent(share.value)} (95 % interval {100 * share.low:.2f} to {100 * share.high:.2f})"
