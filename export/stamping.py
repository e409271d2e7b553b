"""`cnnkit stamp`: a spec for an ONNX file from elsewhere, of what its shapes settle and what the user says."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit import __version__
from cnnkit.errors import ModelError
from cnnkit.export.graph import count, load_graph, write_model
from cnnkit.export.options import StampOptions
from cnnkit.export.samples import generated_images, telling_images
from cnnkit.foreign import ForeignModel, foreign_spec, output_kind
from cnnkit.runtime import OnnxClassifier, encode_golden, inspect_model
from cnnkit.spec import (
    GraphFacts,
    InputSpec,
    ModelFacts,
    ModelSpec,
    Provenance,
    Tolerance,
    read_header,
)
from cnnkit.system import check_new_file, require

_SEED, _PROBES = 0, 16  # images whose answers tell probabilities from logits
# The file's own answers are recorded: other CPUs may round floats otherwise, and integers by a step.
_TOLERANCE, _QUANTIZED_TOLERANCE = 1e-4, 0.05


def stamp_model(options: StampOptions) -> ModelFacts:
    """Writes a spec into an ONNX file; what it computes is not changed.

    Args:
        options: The file, and what is said of it.

    Returns:
        What the stamped file holds.

    Raises:
        UsageError: Something that the file does not settle is not said, or is said otherwise than the file has it.
        ModelError: It is no classifier of one image, carries a spec already, or keeps its weights in other files.
        OutputError: The output exists already or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    require("cnnkit stamp", "export", "onnx")
    check_new_file(options.output, overwrite=options.overwrite or options.output == options.model)
    facts = inspect_model(options.model)
    if facts.spec is not None:
        raise ModelError(f"{options.model} carries a spec already, expected one without: export it again")
    graph = load_graph(options.model)
    model = ForeignModel(options.model, facts.inputs, facts.outputs, read_header(options.model).metadata)
    spec = foreign_spec(model, options.said)
    spec = replace(spec, graph=_graph_facts(graph, facts, spec.input))
    answered = _answered(spec, options.model, quantized=facts.quantized)
    write_model(graph, answered, options.output)
    return inspect_model(options.output)


def _graph_facts(graph: Any, facts: ModelFacts, taken: InputSpec) -> GraphFacts | None:
    """Counts what the graph is made of; None where branches or loops leave that open."""
    counts = count(graph, (taken.height, taken.width))
    if counts is None or counts.multiply_adds is None:
        return None
    return GraphFacts(counts.parameters, counts.multiply_adds, facts.opset or 0, facts.ir_version or 0)


def _answered(spec: ModelSpec, path: Path, *, quantized: bool) -> ModelSpec:
    """Adds what the file answers here: whether it gives probabilities, and golden images."""
    raw = OnnxClassifier(path, spec=spec).probabilities(generated_images(_PROBES, spec.input, _SEED))
    if not np.isfinite(raw).all():
        raise ModelError(f"{path} answers with what is no number, expected probabilities or logits: check the scaling")
    kind = output_kind(raw, path)  # not taken for logits until now
    spec = replace(
        spec, output=kind, provenance=Provenance(__version__),
        tolerance=Tolerance(_QUANTIZED_TOLERANCE if quantized else _TOLERANCE, 0),
    )  # fmt: skip
    images, answers = telling_images(OnnxClassifier(path, spec=spec).probabilities, spec.input)
    return replace(spec, golden=encode_golden(images, answers, color=spec.input.color))
