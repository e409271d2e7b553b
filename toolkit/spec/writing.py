"""Writes the model spec as JSON."""

from __future__ import annotations

import base64
import json
from typing import Any

from cnnkit.spec.fields import SPEC_VERSION, GoldenImage, InputSpec, ModelSpec, Provenance, Quantization


def write_spec(spec: ModelSpec, *, indent: int | None = None) -> str:
    """Returns the spec as JSON text; `read_spec` of it gives an equal spec."""
    return json.dumps(spec_to_dict(spec), ensure_ascii=False, allow_nan=False, indent=indent)


def spec_to_dict(spec: ModelSpec) -> dict[str, Any]:
    """Returns the spec as plain lists, dicts, strings and numbers."""
    more: dict[str, Any] = {"limits": list(spec.label_limits)} if spec.independent else {}
    return {
        "spec_version": SPEC_VERSION if spec.independent else 1,
        "labels": list(spec.labels),
        "input": _input(spec.input),
        "output": spec.output,
        "graph": None if spec.graph is None else dict(vars(spec.graph)),
        "tolerance": dict(vars(spec.tolerance)),
        "provenance": None if spec.provenance is None else _provenance(spec.provenance),
        "quantization": None if spec.quantization is None else _quantization(spec.quantization),
        **more,
        "golden": [_golden(image) for image in spec.golden],
    }


def _input(spec: InputSpec) -> dict[str, Any]:
    fields = dict(vars(spec))
    if spec.dtype == "uint8":
        for name in ("scale", "mean", "std"):
            del fields[name]
        return fields
    fields["mean"] = list(spec.mean or (0.0,) * spec.channels)
    fields["std"] = list(spec.std or (1.0,) * spec.channels)
    return fields


def _provenance(provenance: Provenance) -> dict[str, Any]:
    fields = dict(vars(provenance))
    if provenance.dataset is not None:
        fields["dataset"] = {**vars(provenance.dataset), "images": dict(provenance.dataset.images)}
    if provenance.original_input is not None:
        fields["original_input"] = _input(provenance.original_input)
    fields["metrics"] = dict(provenance.metrics)
    return fields


def _quantization(quantization: Quantization) -> dict[str, Any]:
    return {
        **vars(quantization),
        "evaluation": dict(quantization.evaluation),
        "latency": dict(quantization.latency),
        "candidates": {name: dict(figures) for name, figures in quantization.candidates.items()},
    }


def _golden(image: GoldenImage) -> dict[str, Any]:
    return {"png": base64.b64encode(image.png).decode("ascii"), "probabilities": list(image.probabilities)}
