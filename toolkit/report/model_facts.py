"""What a model file holds, as a table or JSON."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any, Literal

from cnnkit.report.json_output import print_json
from cnnkit.report.layer_table import print_layers
from cnnkit.report.rows import printable
from cnnkit.report.tables import print_table, short_name
from cnnkit.spec import (
    InputSpec,
    LayerFacts,
    ModelFacts,
    ModelSpec,
    Provenance,
    Quantization,
    TensorFacts,
    spec_to_dict,
)
from cnnkit.system import print_text

Row = tuple[str, str]

_SHARES = {
    "min_agreement",
    "top1",
    "top1_float",
    "low",
    "high",
    "drop",
    "drop_low",
    "drop_high",
    "agreement",
}  # fractions of 1
_COUNTS = {"images", "runs", "epoch"}
_SAY_SIZE = ": it takes any size, say one with --size HEIGHTxWIDTH"


def print_model_facts(facts: ModelFacts, style: Literal["table", "json"]) -> None:
    """Prints what a model file holds on stdout."""
    if style == "json":
        print_json(_fields(facts))
    else:
        print_table(("field", "value"), list(_rows(facts)))
        if facts.layers is not None:
            print_text()
            print_layers(facts.layers)


def _fields(facts: ModelFacts) -> dict[str, Any]:
    return {
        "spec": None if facts.spec is None else spec_to_dict(facts.spec),
        "inputs": [_tensor_fields(tensor) for tensor in facts.inputs],
        "outputs": [_tensor_fields(tensor) for tensor in facts.outputs],
        "opset": facts.opset,
        "ir_version": facts.ir_version,
        "parameters": facts.parameters,
        "multiply_adds": facts.multiply_adds,
        "operators": facts.operators,
        "size_bytes": facts.size_bytes,
        "quantized": facts.quantized,
        "layers": None if facts.layers is None else [_layer_fields(layer) for layer in facts.layers],
    }


def _layer_fields(layer: LayerFacts) -> dict[str, Any]:
    return {
        "name": layer.name,
        "type": layer.kind,
        "output_shape": None if layer.output_shape is None else list(layer.output_shape),
        "parameters": layer.parameters,
        "multiply_adds": layer.multiply_adds,
    }


def _tensor_fields(tensor: TensorFacts) -> dict[str, Any]:
    return {"name": tensor.name, "dtype": tensor.dtype, "shape": list(tensor.shape)}


def _rows(facts: ModelFacts) -> Iterator[Row]:
    yield "file", f"{printable(str(facts.path))}, {facts.size_bytes:,} bytes"
    yield from (("input", _tensor(tensor)) for tensor in facts.inputs)
    yield from (("output", _tensor(tensor)) for tensor in facts.outputs)
    if not facts.keras:
        yield "opset", f"{_number(facts.opset)} (IR version {_number(facts.ir_version)})"
    yield "parameters", _number(facts.parameters)
    yield "multiply-adds", _number(facts.multiply_adds) + ("" if not _takes_any_size(facts) else _SAY_SIZE)
    if facts.operators is not None:
        counts = ", ".join(f"{count} {short_name(name)}" for name, count in facts.operators.items())
        yield "operators", f"{sum(facts.operators.values()):,}: {counts}"
    if not facts.keras:
        yield "quantized", "yes" if facts.quantized else "no"
    if facts.spec is None:
        yield (
            "spec",
            "none lies beside it" if facts.keras else "none: cnnkit export writes labels and scaling into the file",
        )
    else:
        yield from _spec_rows(facts.spec)


def _spec_rows(spec: ModelSpec) -> Iterator[Row]:
    yield "labels", f"{len(spec.labels)}: {printable(', '.join(spec.labels))}"
    if spec.independent:
        limits = sorted(set(spec.label_limits))
        yield "independent", f"each label counts from {' or '.join(f'{limit:g}' for limit in limits)} on"
    yield "image", _image(spec.input)
    if spec.quantization is not None:
        yield from _quantization_rows(spec.quantization)
    if spec.provenance is not None:
        yield from _provenance_rows(spec.provenance)
    size = sum(len(image.png) for image in spec.golden)
    yield "golden images", f"{len(spec.golden)}, {size:,} bytes" if spec.golden else "none"
    allowed = spec.tolerance
    yield "tolerance", f"{allowed.max_probability_difference:g}, {allowed.max_label_changes} changed labels"


def _quantization_rows(quantization: Quantization) -> Iterator[Row]:
    images = quantization.calibration_images
    yield "scheme", quantization.scheme + (f", calibrated on {images:,} images" if images else "")
    yield "measured on", quantization.cpu
    if quantization.decision:
        yield "decision", f"{printable(quantization.decision)} (target: {printable(quantization.target)})"
    if quantization.evaluation:
        yield "evaluation", _figures(quantization.evaluation)
    if quantization.latency:
        yield "latency", _figures(quantization.latency)


def _provenance_rows(provenance: Provenance) -> Iterator[Row]:
    yield "made by", f"cnnkit {provenance.cnnkit_version}"
    named = {"architecture": provenance.architecture, "recipe": provenance.recipe, "seed": provenance.seed}
    yield from ((name, str(value)) for name, value in named.items() if value is not None)
    if provenance.dataset is not None:
        counts = ", ".join(f"{count:,} {split}" for split, count in provenance.dataset.images.items())
        yield "dataset", f"{provenance.dataset.name}: {counts} images"
    if provenance.metrics:
        yield "test metrics", _figures(provenance.metrics)


def _image(spec: InputSpec) -> str:
    return f"{spec.height}x{spec.width} {spec.color}, {spec.resize}, {spec.interpolation} interpolation"


def _tensor(tensor: TensorFacts) -> str:
    sizes = ", ".join("?" if size is None else short_name(str(size)) for size in tensor.shape)
    return f"{short_name(tensor.name)}: {tensor.dtype} ({sizes})"


def _figures(figures: Mapping[str, float]) -> str:
    return ", ".join(f"{name} {_figure(name, value)}" for name, value in figures.items())


def _figure(name: str, value: float) -> str:
    if name in _SHARES:
        return f"{100 * value:.2f} %"
    return f"{value:,.0f}" if name in _COUNTS else f"{value:.4g}"


def _takes_any_size(facts: ModelFacts) -> bool:
    """Whether multiply-adds are not known since the sizes of the image, the batch aside, are left open."""
    if facts.keras:
        return False
    sizes = [size for tensor in facts.inputs for size in tensor.shape[1:]]
    return facts.multiply_adds is None and any(not isinstance(size, int) for size in sizes)


def _number(value: int | None) -> str:
    return "unknown" if value is None else f"{value:,}"
