"""The folder of an evaluation: metrics.json, predictions.csv and the pictures, each file whole or not at all."""

from __future__ import annotations

import csv
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

from cnnkit.classifier import short_float
from cnnkit.errors import OutputError
from cnnkit.explaining import Explanation
from cnnkit.report import to_json
from cnnkit.spec import ModelSpec
from cnnkit.system import whole_file, write_text
from cnnkit.train.evaluation.answers import Answers, Shown
from cnnkit.train.evaluation.grids import draw_grid
from cnnkit.train.evaluation.metrics import Metrics
from cnnkit.train.evaluation.plots import draw_confusion, draw_reliability, draw_roc

METRICS = "metrics.json"
PREDICTIONS = "predictions.csv"
CONFUSION, ROC, RELIABILITY = "confusion.png", "roc.png", "reliability.png"
MISTAKES = "mistakes.png"  # only where there are mistakes
BATCH, CHOSEN = "batch.png", "chosen.png"  # only where they are asked for


def write_evaluation(
    folder: Path, answers: Answers, metrics: Metrics, spec: ModelSpec, reasons: Mapping[int, Explanation]
) -> None:
    """Writes all files of an evaluation, metrics.json last; those of an earlier one in the same folder go first.

    Args:
        folder: Where to.
        answers: What they are of.
        metrics: The figures.
        spec: Of the model.
        reasons: By the index of an image: what carried its answer, which is drawn beside it.

    Raises:
        OutputError: The folder cannot be made or written.
    """
    try:
        folder.mkdir(parents=True, exist_ok=True)
        for name in (METRICS, PREDICTIONS, CONFUSION, ROC, RELIABILITY, MISTAKES, BATCH, CHOSEN):
            (folder / name).unlink(missing_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    _write_predictions(folder / PREDICTIONS, answers)
    draw_confusion(metrics, folder / CONFUSION)
    draw_roc(answers, metrics, folder / ROC)
    draw_reliability(metrics.calibration, folder / RELIABILITY)
    if answers.worst:
        wrong = metrics.images - int(answers.correct.sum())
        title = f"the {len(answers.worst)} surest of {wrong:,} mistakes in {metrics.images:,} images"
        draw_grid(answers.worst, spec, title, folder / MISTAKES, reasons)
    if answers.shown:
        draw_grid(answers.shown, spec, describe_batch(answers.shown), folder / BATCH)
    if answers.named:
        right = sum(item.target == item.predicted for item in answers.named)
        title = f"{right} of {len(answers.named)} images right"
        draw_grid(answers.named, spec, title, folder / CHOSEN, reasons)
    write_text(folder / METRICS, to_json(metrics.fields(), indent=2) + "\n")


def describe_batch(shown: Sequence[Shown]) -> str:
    """Returns how a random batch was answered: "random batch: 15 of 16 right, 93.75 %"."""
    right = sum(item.target == item.predicted for item in shown)
    return f"random batch: {right} of {len(shown)} right, {100 * right / len(shown):.2f} %"


def _write_predictions(path: Path, answers: Answers) -> None:
    """Writes one row an image; those that could not be read come last, with the reason."""
    names = [f"{name}_{rank}" for rank in range(1, answers.ranked.shape[1] + 1) for name in ("label", "probability")]
    with (
        whole_file(path) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(["source", "true", "predicted", "probability", *names, "error"])
        writer.writerows(_rows(answers))
        blanks = [""] * (3 + len(names))
        writer.writerows([failure.source, *blanks, failure.reason] for failure in answers.failures)


def _rows(answers: Answers) -> Iterator[list[object]]:
    labels = answers.labels
    rows = zip(answers.sources, answers.targets, answers.ranked, answers.probabilities, strict=True)
    for source, target, ranked, probabilities in rows:
        top: list[object] = []
        for index in ranked:
            top += [labels[index], short_float(probabilities[index])]
        yield [source, labels[target], *top[:2], *top, ""]
