"""`cnnkit stamp`: a spec for an ONNX file from elsewhere, of what its shapes settle and what the user says."""

from __future__ import annotations

import tempfile
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit import __version__
from cnnkit.errors import ModelError
from cnnkit.export.graph import count, give_both_labels, keep_output, load_whole, without_argmax, write_model
from cnnkit.export.options import StampOptions
from cnnkit.export.samples import telling_images
from cnnkit.runtime import OnnxClassifier, encode_golden, inspect_model
from cnnkit.spec import (
    GraphFacts,
    InputSpec,
    ModelFacts,
    ModelSpec,
    Provenance,
    Tolerance,
)
from cnnkit.system import check_new_file, log, require

# The file's own answers are recorded: other CPUs may round floats otherwise, and integers by a step.
_TOLERANCE, _QUANTIZED_TOLERANCE = 1e-4, 0.05


def stamp_model(options: StampOptions) -> ModelFacts:
    """Writes a spec into an ONNX file; what it computes is not changed, but for outputs beside the one that is named.

    One number for two labels becomes a probability for each, and an ArgMax at the end is taken off.

    Args:
        options: The file, and what is said of it.

    Returns:
        What the stamped file holds.

    Raises:
        UsageError: Something that the file does not settle is not said, or is said otherwise than the file has it.
        ModelError: It is no classifier of one image, or carries a spec already.
        OutputError: The output exists already or cannot be written.
        MissingExtraError: onnx is not installed.
    """
    require("cnnkit stamp", "export", "onnx")
    check_new_file(options.output, overwrite=options.overwrite or options.output == options.model)
    facts = inspect_model(options.model)
    if facts.spec is not None:
        raise ModelError(f"{options.model} carries a spec already, expected one without: export it again")
    graph = load_whole(options.model)
    if options.said.output_name is None and without_argmax(graph):
        log.info("%s ends in ArgMax: what that takes is its output from now on", options.model)
        with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
            cut = Path(folder, options.model.name)
            cut.write_bytes(graph.SerializeToString())
            return _stamp(graph, facts, replace(options, model=cut))
    return _stamp(graph, facts, options)


def _stamp(graph: Any, facts: ModelFacts, options: StampOptions) -> ModelFacts:
    classifier = OnnxClassifier(options.model, said=options.said)
    spec = classifier.spec
    if options.said.output_name is not None:
        keep_output(graph, options.said.output_name)
    spec = replace(spec, graph=_graph_facts(graph, facts, spec.input))
    spec = _answered(spec, options, quantized=facts.quantized)
    if _gives_one_number(classifier):
        give_both_labels(graph, logit=spec.output == "logits")
        spec = replace(spec, output="probabilities")
    write_model(graph, spec, options.output)
    return inspect_model(options.output)


def _gives_one_number(classifier: OnnxClassifier) -> bool:
    taken = classifier.spec.input
    blank = np.zeros((1, taken.height, taken.width, taken.channels), np.uint8)
    return classifier.run(classifier.input_tensor(blank)).size == 1


def _graph_facts(graph: Any, facts: ModelFacts, taken: InputSpec) -> GraphFacts | None:
    """Counts what the graph is made of; None where branches or loops leave that open."""
    counts = count(graph, (taken.height, taken.width))
    if counts is None or counts.multiply_adds is None:
        return None
    return GraphFacts(counts.parameters, counts.multiply_adds, facts.opset or 0, facts.ir_version or 0)


def _answered(spec: ModelSpec, options: StampOptions, *, quantized: bool) -> ModelSpec:
    """Adds golden images with what the file answers here."""
    tolerance = Tolerance(_QUANTIZED_TOLERANCE if quantized else _TOLERANCE, 0)
    spec = replace(spec, provenance=Provenance(__version__), tolerance=tolerance)
    classifier = OnnxClassifier(options.model, spec=spec, said=options.said)
    images, answers = telling_images(classifier.probabilities, spec.input, spec.label_limits)
    return replace(spec, golden=encode_golden(images, answers, color=spec.input.color))
