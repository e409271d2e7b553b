"""`cnnkit quantize`: calibrate, quantize, measure what it cost, and write the file with that in its spec."""

from __future__ import annotations

import dataclasses
import tempfile
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnkit.errors import ModelError, SpecError
from cnnkit.export.calibration import CalibrationSet, read_calibration
from cnnkit.export.conversion import OPSET
from cnnkit.export.effects import Effect, measure_effect, measure_latency, tolerance_for
from cnnkit.export.graphs import load_graph, save_with_spec
from cnnkit.export.held_out import choose_held_out
from cnnkit.export.integers import SCHEME, quantize_graph
from cnnkit.export.options import QuantizeOptions
from cnnkit.export.tidying import IR_VERSION
from cnnkit.extras import require
from cnnkit.files import check_new_file, whole_file
from cnnkit.folders import has_trained
from cnnkit.machine import cpu_name
from cnnkit.messages import log
from cnnkit.runtime import OnnxClassifier, read_spec_of
from cnnkit.spec import ModelSpec, Quantization

LARGE_DROP = 0.005  # of accuracy, as a fraction
_QUANTIZED = {"QuantizeLinear", "QLinearConv", "QLinearMatMul", "ConvInteger", "MatMulInteger", "DynamicQuantizeLinear"}


@dataclass(frozen=True)
class QuantizeReport:
    """What was written, and what it costs and brings."""

    path: Path
    spec: ModelSpec
    effect: Effect | None  # None where no images were left to measure on
    latency: Mapping[str, float]  # float32_ms, int8_ms, ratio, runs
    size_bytes: int
    float_size_bytes: int
    operators: Mapping[str, int]  # how many of each the graph has


def quantize_model(options: QuantizeOptions) -> QuantizeReport:
    """Quantizes a float32 ONNX model to INT8, safe on every CPU, and measures the result.

    Args:
        options: The model, the images, and where to write.

    Raises:
        ModelError: The file is no ONNX model, is quantized already, or holds nothing to quantize.
        SpecError: The file carries no spec.
        SourceError: A folder does not exist.
        DataError: There is no readable image.
        OutputError: The output exists already or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    require("cnnkit quantize", "export", "onnx")
    check_new_file(options.output, overwrite=options.overwrite)
    spec = _spec_of_float(options.model)
    calibration = read_calibration(options.calibration, options.calibration_size, spec.input, options.seed)
    log.info("calibrating with %d images", len(calibration.images))
    graph = quantize_graph(options.model, calibration.images, spec.input, options.method)
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        trial = Path(folder, options.output.name)
        save_with_spec(graph, spec, trial)
        spec, effect = _measure(options, spec, calibration, trial)
        save_with_spec(graph, spec, trial)
        OnnxClassifier(trial)
        content = trial.read_bytes()
    with whole_file(options.output) as temporary:
        temporary.write_bytes(content)
    report = QuantizeReport(
        path=options.output,
        spec=spec,
        effect=effect,
        latency=spec.quantization.latency if spec.quantization else {},
        size_bytes=len(content),
        float_size_bytes=options.model.stat().st_size,
        operators=Counter(node.op_type for node in graph.graph.node),
    )
    warn_of_costs(report)
    return report


def _spec_of_float(path: Path) -> ModelSpec:
    """Returns the spec of a float model after checking that it is one."""
    spec = read_spec_of(path)
    graph = load_graph(path)
    operators = {node.op_type for node in graph.graph.node}
    if operators & _QUANTIZED or (spec is not None and spec.quantization is not None):
        raise ModelError(f"{path} is quantized already, expected the float32 model that it was made from")
    if spec is None:
        raise SpecError(
            f"{path} carries no model spec, so how to prepare images for it is unknown: "
            "export the Keras model with cnnkit export, which writes the spec into the file"
        )
    return spec


def _measure(
    options: QuantizeOptions, spec: ModelSpec, calibration: CalibrationSet, trial: Path
) -> tuple[ModelSpec, Effect | None]:
    """Measures the quantized file beside the float one and returns the spec that says so."""
    floating = OnnxClassifier(options.model, threads=options.threads)
    quantized = OnnxClassifier(trial, threads=options.threads)
    held_out = choose_held_out(options, calibration.hashes, spec.labels)
    if options.data is None and has_trained(options.calibration, spec):
        log.warning(
            "images of %s trained the model, so the accuracies are flattered, though not their difference: "
            "name others with --data", options.calibration.name,
        )  # fmt: skip
    if held_out is not None:
        log.info("measuring on %d other images", len(held_out.paths))
    effect = None if held_out is None else measure_effect(floating, quantized, held_out)
    record = Quantization(
        scheme=f"{SCHEME}, {options.method} calibration",
        calibration_images=len(calibration.images),
        calibration_fingerprint=calibration.fingerprint,
        cpu=cpu_name(),
        evaluation={} if effect is None else effect.figures(),
        latency=measure_latency(floating, quantized, calibration.images[:1]),
    )
    facts = spec.graph and dataclasses.replace(spec.graph, opset=OPSET, ir_version=IR_VERSION)
    tolerance = tolerance_for(quantized, spec)
    return dataclasses.replace(spec, quantization=record, tolerance=tolerance, graph=facts), effect


def warn_of_costs(report: QuantizeReport) -> None:
    """Says so where float32 is the better choice on this machine."""
    if report.latency["ratio"] >= 1:
        log.warning(
            "INT8 is not faster than float32 on this CPU (%.2f x its time): keep float32", report.latency["ratio"]
        )
    drop = report.effect.drop if report.effect else None
    if drop is not None and drop[0] > LARGE_DROP:
        log.warning(
            "INT8 loses %.1f points of accuracy: keep float32, or try more calibration images or --calibration-method",
            drop[0] * 100,
        )
