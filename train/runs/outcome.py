"""What a finished training amounts to: test metrics, golden images, spec and curves."""

from __future__ import annotations

import dataclasses
import shlex
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.measuring import Limits, wilson_interval
from cnnkit.runtime import encode_golden, full_precision, least_sure_of_each
from cnnkit.spec import USUAL_LIMIT, GoldenImage, ModelSpec, Provenance
from cnnkit.system import as_argument, log, sha256
from cnnkit.train.data import Dataset, Split, inference_batch
from cnnkit.train.evaluation import cross_entropies, measure_labels
from cnnkit.train.fitting import History, Row, finished_epochs
from cnnkit.train.pictures import draw_curves
from cnnkit.train.runs.complaints import final_complaints, says_little
from cnnkit.train.runs.folder import RunFolder

GOLDEN_IMAGES = 16
_KEPT = ("images", "top1", "low", "high", "loss", "mean_average_precision", "macro_f1")  # figures, in the spec
_PART_BYTES = 2**24  # of uint8 images


@dataclass(frozen=True)
class Outcome:
    """A finished run."""

    folder: Path
    best: Row  # the history row of the epoch that was kept
    metrics: dict[str, Any]  # as in metrics.json
    history: History  # one row an epoch

    @property
    def epochs(self) -> int:
        """How many epochs were trained."""
        return finished_epochs(self.history)


def outcome_lines(outcome: Outcome) -> tuple[str, str]:
    """Returns what came of a training, and the command to go on with, a line each."""
    figures = outcome.metrics
    several = "mean_average_precision" in figures
    what = "images with every label right" if several else "accuracy"
    precision = figures["mean_average_precision"] if several else None
    beside = "" if precision is None else f"; mean average precision {100 * precision:.2f} %"
    kept = f"epoch {figures['epoch']} of {outcome.epochs}" if figures["epoch"] else "the fitted last layer"
    return (
        f"{outcome.folder}: {kept} kept, {figures['split']} {what} {100 * figures['top1']:.2f} % (95 % interval "
        f"{100 * figures['low']:.2f} to {100 * figures['high']:.2f}, {figures['images']:,} images){beside}",
        f"next: {shlex.join(['cnnkit', 'export', as_argument(str(outcome.folder)), '-o', _onnx_name(outcome.folder)])}",
    )


def _onnx_name(run: Path) -> str:
    return f"{run.resolve().name}.onnx"


def finish_run(
    folder: RunFolder,
    network: Any,
    history: History,
    best: Row,
    dataset: Dataset,
    spec: ModelSpec,
    facts: Provenance,
    trained_on: str,
) -> Outcome:
    """Loads the best epoch, measures it on the test images and writes what is left of the run folder.

    Args:
        folder: Where model.keras lies already.
        network: The keras.Model; takes the weights of the best epoch.
        history: One row an epoch.
        best: The row of the epoch whose weights model.keras holds.
        dataset: Its test split is looked at here and nowhere else.
        spec: Labels and input.
        facts: The provenance known so far.
        trained_on: The devices, in words.
    """
    import keras

    network.set_weights(keras.saving.load_model(folder.model, compile=False).get_weights())
    split, name = (dataset.test, "test") if dataset.test else (dataset.validation, "validation")
    chosen = {"split": name, "epoch": int(best["epoch"]), "val_loss": best["val_loss"], "trained_on": trained_on}
    metrics = {**measure(network, split, dataset), **chosen}
    folder.save_metrics(metrics)
    provenance = dataclasses.replace(
        facts,
        keras_sha256=sha256(folder.model),
        original_input=spec.input,
        metrics={key: float(metrics[key]) for key in _KEPT if metrics.get(key) is not None} if dataset.test else {},
    )
    answers = predict_probabilities(network, dataset.validation)
    golden = choose_golden(answers, dataset.validation, spec.label_limits)
    folder.save_spec(dataclasses.replace(spec, provenance=provenance, golden=golden))
    draw_curves(history, best["epoch"], folder.plots / "curves.png")
    if not dataset.names:
        for complaint in final_complaints(answers, dataset.validation.targets, dataset.labels, best["accuracy"]):
            log.warning("%s", complaint)
    little = says_little(metrics["low"], metrics["high"], metrics["images"])
    if little is not None:
        log.warning("%s", little)
    return Outcome(folder.path, best, metrics, history)


def measure(network: Any, split: Split, dataset: Dataset) -> dict[str, Any]:
    """Measures a network.

    Returns:
        images, top1 with its 95 % Wilson interval low to high (fractions), and loss, the mean cross-entropy in nats; of
        independent labels what `measure_labels` gives.
    """
    probabilities = predict_probabilities(network, split)
    if dataset.names:
        wanted = dataset.wanted()[split.targets] > 0
        limits = (USUAL_LIMIT,) * len(dataset.names)
        return measure_labels(probabilities, wanted, dataset.names, limits).fields()
    right = int((probabilities.argmax(axis=1) == split.targets).sum())
    low, high = wilson_interval(right, len(split))
    loss = float(cross_entropies(probabilities, split.targets).mean())
    return {"images": len(split), "top1": right / len(split), "low": low, "high": high, "loss": loss}


def predict_probabilities(network: Any, split: Split) -> NDArray[np.float32]:
    """Returns (N, classes) float32 probabilities for a split, of which a part at a time is in memory."""
    height, width, channels = network.input_shape[1:]
    size = inference_batch(height, width)
    part = max(1, _PART_BYTES // (size * height * width * channels)) * size
    return np.concatenate([_predict(network, images, size) for images in split.batches(part)])


def _predict(network: Any, images: NDArray[np.uint8], size: int) -> NDArray[np.float32]:
    # Batches of one size are compiled once, and can be shared by any number of devices.
    missing = -len(images) % size
    filled = np.concatenate([images, np.repeat(images[-1:], missing, axis=0)]).astype(np.float32)
    with full_precision():
        predicted: NDArray[np.float32] = network.predict(filled, batch_size=size, verbose=0)
    return predicted[: len(images)]


def choose_golden(probabilities: NDArray[np.float32], split: Split, limits: Limits = ()) -> tuple[GoldenImage, ...]:
    """Takes golden images from validation data: of each class in turn the one the network is least sure of, ...."""
    chosen = least_sure_of_each(probabilities, split.targets, GOLDEN_IMAGES, limits)
    return encode_golden(split.read(chosen), probabilities[chosen])
