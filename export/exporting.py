"""`cnnkit export`: convert, tidy, describe, compare with the original, and only then write."""

from __future__ import annotations

import dataclasses
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ParityError, UsageError
from cnnkit.export.conversion import convert
from cnnkit.export.first_difference import first_difference
from cnnkit.export.golden_choice import choose_golden
from cnnkit.export.graph import OPSET, ORT_SUFFIX, multiply_adds, opset_for, opset_of, publish, save_as, tidy
from cnnkit.export.options import ExportOptions
from cnnkit.export.original import Original, load_original, use_tensorflow
from cnnkit.export.parity import Parity, check_parity, parity_images, rounding_alone
from cnnkit.export.quantization import FLOAT16_SCHEME, to_float16, tolerance_for
from cnnkit.machine import cpu_name
from cnnkit.runtime import OnnxClassifier, find_keras_file, import_onnxruntime, is_named, is_saved_model, network_name
from cnnkit.spec import Dtype, GraphFacts, InputSpec, ModelSpec, Quantization, Tolerance
from cnnkit.system import check_new_file, check_other_file, import_cv2, log, require

TOLERANCE = 1e-4  # of a probability, between Keras and onnxruntime in float32
_FLOAT16_TOLERANCE, _FLOAT16_LOGITS = 0.05, 0.5  # beyond rounding: something overflowed


@dataclass(frozen=True)
class ExportReport:
    """What was written, and how it was checked."""

    path: Path
    source: Path  # the Keras file
    spec: ModelSpec
    parity: Parity
    nodes: int
    size_bytes: int


def export_model(options: ExportOptions) -> ExportReport:
    """Exports a Keras model to an ONNX file, which appears only if it answers as the Keras model does.

    Args:
        options: What to export, and where to.

    Raises:
        UsageError: Flags are missing or contradict the model.
        OutputError: The output exists already or cannot be written.
        ModelError: The Keras file cannot be loaded, or computes what ONNX cannot.
        DataError: The folder of golden images holds none.
        ParityError: The exported graph answers differently.
        MissingExtraError: TensorFlow, tf2onnx or onnx is not installed.
    """
    require("cnnkit export", "export", "tensorflow", "keras", "tf2onnx", "onnx")
    check_other_file(options.output, find_keras_file(options.source))
    check_new_file(options.output, overwrite=options.overwrite)
    own = options.output.suffix.lower() == ORT_SUFFIX
    opset = opset_for(options.min_ort, ort_format=own) if options.min_ort else OPSET
    import_onnxruntime()  # what the result is checked with is better missed now than after the conversion
    import_cv2()
    use_tensorflow()
    log.info("loading %s", find_keras_file(options.source))
    original = load_original(options)
    if options.input_dtype == "float32" and original.spec.input.dtype == "uint8":
        raise UsageError(f"{original.path} itself takes uint8 pixels: leave out --input-dtype float32")
    log.info("converting to ONNX")
    graph = tidy(convert(original, options.input_dtype, opset))
    golden, images = choose_golden(original, options.golden)
    spec = dataclasses.replace(_describe(original, graph, options.input_dtype), golden=golden)
    spec, parity = _write(graph, spec, original, images, options)
    return ExportReport(
        options.output, original.path, spec, parity, len(graph.graph.node), options.output.stat().st_size
    )


def default_output(source: Path, suffix: str = ".onnx") -> Path:
    """Returns where an export is written unless said: into a run folder, beside a file or a SavedModel, or here."""
    if is_named(source):
        return Path(network_name(source) + suffix)
    if source.is_dir() and not is_saved_model(source):
        return source / f"model{suffix}"
    return source.with_suffix(suffix)


def _describe(original: Original, graph: Any, input_dtype: Dtype) -> ModelSpec:
    """Returns the spec of the exported graph, golden images aside."""
    spec = original.spec
    facts = GraphFacts(int(original.model.count_params()), multiply_adds(graph), opset_of(graph), graph.ir_version)
    return dataclasses.replace(
        spec,
        input=spec.input if input_dtype == "float32" else _as_bytes(spec.input),
        output="independent" if spec.independent else "probabilities",
        graph=facts,
        tolerance=Tolerance(TOLERANCE, 0),
        quantization=None,
    )


def _as_bytes(taken: InputSpec) -> InputSpec:
    return dataclasses.replace(taken, dtype="uint8", scale=1.0, mean=(), std=())


def _write(
    graph: Any, spec: ModelSpec, original: Original, golden: NDArray[np.uint8], options: ExportOptions
) -> tuple[ModelSpec, Parity]:
    """Checks the finished file in a folder of its own, then writes it whole; returns its spec and how far it is off."""
    images = parity_images(golden, spec.input)
    log.info("comparing with Keras on %d images", len(images))
    expected = original.probabilities(images)

    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        trial = Path(folder, options.output.name)
        save_as(graph, spec, trial)
        parity = _compared(expected, OnnxClassifier(trial), original, images)
        if options.fp16:
            graph = to_float16(graph)
            save_as(graph, spec, trial)
            half = OnnxClassifier(trial)
            answers = half.probabilities(images)
            parity = check_parity(
                expected,
                answers,
                tolerance=_FLOAT16_TOLERANCE,
                logit_tolerance=_FLOAT16_LOGITS,
                independent=spec.independent,
            )
            spec = _in_float16(spec, half)
            save_as(graph, spec, trial)
        publish(trial, options.output)
    return spec, parity


def _compared(
    expected: NDArray[np.float32], trial: OnnxClassifier, original: Original, images: NDArray[np.uint8]
) -> Parity:
    """Compares what was exported with the Keras model; the error says why they differ: by rounding, or which layer."""
    answers, independent = trial.probabilities(images), trial.spec.independent
    try:
        return check_parity(expected, answers, tolerance=TOLERANCE, independent=independent)
    except ParityError as error:
        moved = rounding_alone(expected, answers, original.jittered(images), independent=independent)
        if moved is not None:
            raise ParityError(
                f"{error}; where the last bits of its input change, those of Keras itself move by {moved:.2g}: the "
                "network makes much of what float32 rounds, as one that is not trained may, and no other program can "
                "answer as Keras does"
            ) from error
        where = first_difference(original, images)
        if where is None:
            raise
        raise ParityError(f"{error}; the first layer that differs is {where}") from error


def _in_float16(spec: ModelSpec, classifier: OnnxClassifier) -> ModelSpec:
    record = Quantization(FLOAT16_SCHEME, 0, "", cpu_name(), precision="float16")
    spec = dataclasses.replace(spec, quantization=record)
    return dataclasses.replace(spec, tolerance=tolerance_for(classifier, spec))
