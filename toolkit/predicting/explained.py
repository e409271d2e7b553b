"""`cnnkit explain`: opens the model, finds photos, and says of each what carried the answer."""

from __future__ import annotations

import math
import sys
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.classifier import Classifier, Prediction, predict_rows, short_float
from cnnkit.errors import ImageError, UsageError
from cnnkit.explaining import ExplainOptions, Explanation, Network, explain_image, planned_evaluations
from cnnkit.images import DEFAULT_MAX_PIXELS, Placement, Window, place_image, resize_image
from cnnkit.predicting.counts import RunCounts
from cnnkit.predicting.damage import Damaged, decode_found, warning_of
from cnnkit.predicting.evaluation_bar import evaluation_bar
from cnnkit.predicting.explained_rows import Reason, ReasonRow, ReasonWriter, RowStyle
from cnnkit.predicting.explained_sheet import Explained, ExplainedSheet
from cnnkit.predicting.options import Outcome
from cnnkit.predicting.outputs import check_sheet
from cnnkit.report import PredictionRow, printable
from cnnkit.runtime import find_keras_file, load_model, open_classifier, read_run_spec
from cnnkit.sources import FoundImage, expand_sources
from cnnkit.system import check_other_file

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnkit.foreign import Said


@dataclass(frozen=True)
class ExplainRun:
    """What `cnnkit explain` is asked to do."""

    model: Path  # an ONNX file, a run folder, or a Keras file with its spec.json beside it
    photos: tuple[str, ...]  # what `cnnkit predict` takes as SOURCE
    output: Path | None = None  # the picture; None draws none
    overwrite: bool = False
    style: RowStyle = "table"
    label: str | None = None  # the class that is explained; None takes the likeliest of each photo
    top_k: int = 5  # answers of each photo, at least 1
    threads: int | None = None  # of ONNX Runtime
    provider: str = "cpu"  # of ONNX Runtime
    said: Said | None = None  # of an ONNX file that carries no spec
    max_pixels: int = DEFAULT_MAX_PIXELS  # larger photos are refused before decoding
    damaged: Damaged = "report"  # whether photos whose files are damaged have errors, or are explained with a warning
    explain: ExplainOptions = field(default_factory=ExplainOptions)


def run_explain(run: ExplainRun) -> RunCounts:
    """Explains the answer to every photo, prints the rows and draws the picture.

    Returns:
        How many photos there were; those that failed have rows that say why.

    Raises:
        UsageError: Options contradict each other, or do not fit the model.
        ModelError, SpecError, MissingExtraError: The model cannot be opened or run.
        SourceError: There is no photo.
        OutputError: The picture cannot be written.
    """
    if run.output is not None:
        check_sheet(run.output, overwrite=run.overwrite)
        for photo in run.photos:
            check_other_file(run.output, Path(photo))
    explainer = _Explainer(run, _open(run))
    writer, counts, sheet = ReasonWriter(run.style), RunCounts(), ExplainedSheet(run.output)
    for found in counts.wanted(expand_sources(run.photos, sys.stdin.buffer)):
        row, drawn = explainer.explain(found)
        if drawn is not None:
            sheet.add(drawn)
        writer.write(row)
        counts.add([Outcome(found, (row.answer,))])
    counts.require_images(run.photos)
    writer.close()
    sheet.close()
    counts.log_all()
    return counts


def _open(run: ExplainRun) -> Classifier:
    if run.model.suffix.lower() in (".onnx", ".ort"):
        return load_model(run.model, threads=run.threads, provider=run.provider, said=run.said).classifier
    if run.threads is not None or run.provider != "cpu":
        raise UsageError(f"{run.model} is run by Keras: leave out --threads and --provider, which are for .onnx files")
    if run.said is not None and run.said.anything() and read_run_spec(find_keras_file(run.model)) is not None:
        raise UsageError(
            f"{run.model} has a spec.json, which says what it takes and gives: leave out --labels, --scale and the like"
        )
    return open_classifier(run.model)


class _Explainer:
    """Explains photo by photo.

    Raises:
        UsageError: The model does not know the class that is asked for.
    """

    def __init__(self, run: ExplainRun, classifier: Classifier) -> None:
        self._run, self._classifier, self._spec = run, classifier, classifier.spec
        # Keras classifiers alone have feature maps to show.
        self._network = Network(classifier.probabilities, getattr(classifier, "activation", None))
        self._index = None if run.label is None else _index_of(run.label, classifier.spec.labels)

    def explain(self, found: FoundImage) -> tuple[ReasonRow, Explained | None]:
        """Returns the row of a photo, and what is drawn of it.

        Raises:
            ModelError: The model cannot be run, or answers a part of the photo with no number.
            UsageError: The model cannot be explained in the way that is asked for.
        """
        try:
            image, pixels, warning = self._read(found)
        except ImageError as error:
            return ReasonRow(_answer_row(found, error=error.reason)), None
        probabilities = self._classifier.probabilities(image[None])[0]
        if not np.isfinite(probabilities).all():
            return ReasonRow(_answer_row(found, error="the model's answer is not finite")), None
        index = int(probabilities.argmax()) if self._index is None else self._index
        placement = place_image(pixels.shape[0], pixels.shape[1], self._spec.input)
        planned = planned_evaluations(self._run.explain, *image.shape[:2])
        with evaluation_bar(printable(found.name), planned) as advance:
            explanation = explain_image(
                self._network, image, index, self._run.explain, photo=placement.lies, advance=advance
            )
        prediction = predict_rows(probabilities[None], self._spec, self._run.top_k)[0]
        row = ReasonRow(
            _answer_row(found, prediction, warning=warning), self._reason(explanation, index, probabilities, placement)
        )
        drawn = Explained(row, pixels, placement.seen, image, explanation, self._spec.input.color)
        return row, drawn if self._run.output is not None else None

    def _read(self, found: FoundImage) -> tuple[NDArray[np.uint8], NDArray[np.uint8], str | None]:
        """Returns the model's input, made as `cnnkit predict` makes it, the whole photo, and what is odd about it."""
        run = self._run
        decoded = decode_found(found, run.damaged, max_pixels=run.max_pixels, taken=(self._spec.input,))
        whole = decode_found(found, run.damaged, max_pixels=run.max_pixels).pixels
        return resize_image(decoded.pixels, self._spec.input), whole, warning_of(decoded)

    def _reason(
        self, explanation: Explanation, index: int, probabilities: NDArray[np.float32], placement: Placement
    ) -> Reason:
        part, without = explanation.part, explanation.without
        labels = self._spec.labels
        return Reason(
            labels[index],
            short_float(probabilities[index]),
            None if part is None else in_photo(part, placement),
            None if without is None else predict_rows(without[None], self._spec, self._run.top_k)[0],
            None if without is None else short_float(without[index]),
            explanation.method,
            explanation.evaluations,
        )


def _answer_row(
    found: FoundImage, prediction: Prediction | None = None, error: str | None = None, warning: str | None = None
) -> PredictionRow:
    return PredictionRow(found.source, prediction, error, found.member, found.frame, found.seconds, warning=warning)


def _index_of(label: str, labels: tuple[str, ...]) -> int:
    if label in labels:
        return labels.index(label)
    from difflib import get_close_matches

    near = get_close_matches(label, labels, 5, 0.5) or labels[:5]
    raise UsageError(f"the model has no class {label!r}, expected one of its {len(labels)}, such as {', '.join(near)}")


def in_photo(part: Window, placement: Placement) -> Window:
    """Returns a part of the model's input in pixels of the photo, rounded outwards."""
    seen, lies = placement
    down, right = seen.height / lies.height, seen.width / lies.width
    top, left = math.floor((part.top - lies.top) * down), math.floor((part.left - lies.left) * right)
    bottom = min(seen.height, math.ceil((part.top + part.height - lies.top) * down))
    end = min(seen.width, math.ceil((part.left + part.width - lies.left) * right))
    return Window(seen.top + top, seen.left + left, bottom - top, end - left)
