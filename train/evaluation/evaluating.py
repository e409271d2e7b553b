"""One evaluation from a model file and labelled images to a folder of figures and pictures."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from cnnkit.runtime import open_classifier
from cnnkit.system import check_new_folder, log, require
from cnnkit.train.evaluation.answers import Answers, ReadingOptions, collect_answers
from cnnkit.train.evaluation.data import SplitName, find_named, open_data
from cnnkit.train.evaluation.files import write_evaluation
from cnnkit.train.evaluation.label_evaluation import LabelEvaluation, evaluate_labels
from cnnkit.train.evaluation.metrics import Metrics, measure_answers
from cnnkit.train.evaluation.reasons import explain_shown


@dataclass(frozen=True)
class EvaluationOptions:
    """What to evaluate, on what, and where to keep it."""

    model: Path  # an .onnx file, a run folder, or a Keras file with its spec.json beside it
    data: str  # digits, cifar10 or a folder
    out: Path | None = None  # a new folder; None takes evaluation-NAME in the current one
    split: SplitName | None = None  # None takes the test split, or all images of a folder that has none
    batch_size: int = 64  # images
    provider: str = "cpu"  # of ONNX Runtime
    tta: Literal["none", "flip"] = "none"  # flip averages the answers for each image and its mirror image
    show_batch: int = 0  # random images drawn into a grid
    seed: int = 0  # of these
    show: tuple[str, ...] = ()  # images drawn into a grid: paths, their ends, or numbers in digits and cifar10
    explain: bool = False  # draws beside mistakes, and images asked for, which part of them carried the answer
    strict: bool = False  # stops at the first image that cannot be read or is damaged
    data_folder: Path | None = None  # CIFAR-10's binary version
    overwrite: bool = False

    @property
    def folder(self) -> Path:
        """Where the evaluation is written."""
        if self.out is not None:
            return self.out
        name = self.model.resolve().name if self.model.is_dir() else self.model.stem
        return Path(f"evaluation-{name}")


@dataclass(frozen=True)
class Evaluation:
    """A finished evaluation."""

    folder: Path
    answers: Answers
    metrics: Metrics


def run_evaluation(options: EvaluationOptions) -> Evaluation | LabelEvaluation:
    """Evaluates a model and writes the folder.

    Raises:
        MissingExtraError: scikit-learn or matplotlib is not installed, or Keras where the model is one of Keras.
        OutputError: The folder exists already or cannot be written.
        ModelError: The model is missing, cannot be run, or gives an answer that is not finite.
        SpecError: The model has no spec.
        UsageError: An image that is to be shown is none of the data's, or several; the provider is not available here.
        DataError: The data is missing, has classes that are none of the model's, or no image that can be read.
    """
    require("cnnkit evaluate", "train", "sklearn", "matplotlib")
    check_new_folder(options.folder, overwrite=options.overwrite)
    classifier = open_classifier(options.model, provider=options.provider)
    data = open_data(options.data, options.split, classifier.spec, options.data_folder)
    log.info("evaluating %s on %s images", options.model.name, f"{data.count:,}")
    reading = ReadingOptions(
        batch_size=options.batch_size,
        flip=options.tta == "flip",
        strict=options.strict,
        shown=options.show_batch,
        seed=options.seed,
        named=find_named(options.show, data),
    )
    if classifier.spec.independent:
        return evaluate_labels(classifier, data, reading, options.folder)
    answers = collect_answers(classifier, data, reading)
    metrics = measure_answers(answers)
    _warn_of_missing(metrics)
    reasons = explain_shown(classifier, (*answers.worst, *answers.named), reading) if options.explain else {}
    write_evaluation(options.folder, answers, metrics, classifier.spec, reasons)
    return Evaluation(options.folder, answers, metrics)


def _warn_of_missing(metrics: Metrics) -> None:
    missing = [label for label, figures in metrics.per_class.items() if not figures.images]
    if missing:
        log.warning("no images of %s: left out of the means and of AUC", ", ".join(missing))
