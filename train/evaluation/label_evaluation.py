"""One evaluation of a model whose labels do not exclude one another: figures, and the answer to every image."""

from __future__ import annotations

import csv
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import click
import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Classifier, short_float
from cnnkit.errors import DataError, ImageError, OutputError
from cnnkit.measuring import above
from cnnkit.report import NOTHING, percent, print_json, print_table, printable, to_json
from cnnkit.sources import none_readable
from cnnkit.spec import NO_LABEL
from cnnkit.system import log, whole_file, write_text
from cnnkit.train.evaluation.answers import ReadingOptions, checked_answers
from cnnkit.train.evaluation.data import EvaluationData
from cnnkit.train.evaluation.files import METRICS, PREDICTIONS
from cnnkit.train.evaluation.labels import LabelMetrics, measure_labels

_COLUMNS = ("label", ">precision", ">recall", ">F1", ">average precision", ">AUC", ">limit", ">images")


@dataclass(frozen=True)
class LabelEvaluation:
    """A finished evaluation of independent labels."""

    folder: Path
    metrics: LabelMetrics


@dataclass(frozen=True)
class _Answered:
    sources: list[str]
    probabilities: NDArray[np.float32]  # (N, labels)
    wanted: NDArray[np.bool_]  # (N, labels)
    failures: list[ImageError]


def evaluate_labels(
    classifier: Classifier, data: EvaluationData, options: ReadingOptions, folder: Path
) -> LabelEvaluation:
    """Evaluates a model of independent labels, and writes metrics.json and predictions.csv.

    Raises:
        DataError: Not one image can be read, or one cannot and `strict` is set.
        ModelError: The model cannot be run, or gives an answer that is not finite.
        OutputError: The folder cannot be made or written.
    """
    spec = classifier.spec
    answered = _answer(classifier, data, options)
    metrics = measure_labels(
        answered.probabilities, answered.wanted, spec.labels, spec.label_limits, len(answered.failures)
    )
    try:
        folder.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot write {folder}: {error.strerror or error}") from error
    with (
        whole_file(folder / PREDICTIONS) as temporary,
        temporary.open("w", encoding="utf-8", errors="backslashreplace", newline="") as file,
    ):
        csv.writer(file, lineterminator="\n").writerows(_rows(answered, spec.labels, spec.label_limits))
    write_text(folder / METRICS, to_json(metrics.fields(), indent=2) + "\n")
    missing = [label for label, figures in metrics.per_class.items() if not figures.images]
    if missing:
        log.warning("no images of %s: left out of the means", ", ".join(missing))
    return LabelEvaluation(folder, metrics)


def print_label_evaluation(evaluation: LabelEvaluation, style: Literal["table", "json"]) -> None:
    """Prints an evaluation on stdout; JSON is what metrics.json holds."""
    metrics = evaluation.metrics
    if style == "json":
        print_json(metrics.fields())
        return
    rows = [
        (
            printable(label), *(_share(value) for value in (one.precision, one.recall, one.f1, one.average_precision)),
            NOTHING if one.auc is None else f"{one.auc:.4f}", f"{one.limit:g}", f"{one.images:,}",
        )
        for label, one in metrics.per_class.items()
    ]  # fmt: skip
    print_table(_COLUMNS, rows)
    exact = metrics.exact
    click.echo()
    click.echo(
        f"mean average precision {_share(metrics.mean_average_precision)}, macro F1 {_share(metrics.macro_f1)}, "
        f"micro F1 {percent(metrics.micro_f1)}, {metrics.images:,} images"
    )
    click.echo(
        f"every label right {percent(exact.value)} (95 % interval {100 * exact.low:.2f} to {100 * exact.high:.2f}), "
        f"loss {metrics.loss:.4f} nats"
    )
    if metrics.skipped:
        click.echo(f"left out: {metrics.skipped:,} image{'s'[: metrics.skipped != 1]} that could not be read")
    click.echo(f"written to {printable(str(evaluation.folder))}")


def _share(value: float | None) -> str:
    return NOTHING if value is None else percent(value)


def _answer(classifier: Classifier, data: EvaluationData, options: ReadingOptions) -> _Answered:
    labels = classifier.spec.labels
    sets = data.sets or tuple((label,) for label in labels)
    matrix = np.array([[label in one for label in labels] for one in sets], bool)
    sources, failures = list[str](), list(data.failures)
    given, wanted = list[NDArray[np.float32]](), list[NDArray[np.bool_]]()
    for batch in data.batches(options.batch_size):
        failures += batch.failures
        if options.strict and failures:
            raise DataError(f"{failures[0]}: --strict stops here; mend or remove the image, or leave --strict out")
        if len(batch.images):
            given.append(checked_answers(classifier, batch, options.flip))
            wanted.append(matrix[batch.targets])
            sources += batch.sources
    for failure in failures:
        log.warning("%s", failure)
    if not given:
        raise none_readable(failures)
    return _Answered(sources, np.concatenate(given), np.concatenate(wanted), failures)


def _rows(answered: _Answered, labels: tuple[str, ...], limits: tuple[float, ...]) -> Iterator[list[object]]:
    """Yields the lines of predictions.csv: those that could not be read come last, with the reason."""
    yield ["source", "true", "predicted", *labels, "error"]
    rows = zip(
        answered.sources, answered.wanted, above(answered.probabilities, limits), answered.probabilities, strict=True
    )
    for source, wanted, given, probabilities in rows:
        named = (", ".join(label for label, there in zip(labels, one, strict=True) if there) for one in (wanted, given))
        yield [source, *(name or NO_LABEL for name in named), *map(short_float, probabilities), ""]
    for failure in answered.failures:
        yield [failure.source, *[""] * (2 + len(labels)), failure.reason]
