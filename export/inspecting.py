"""What `cnnkit info` says beyond what a file says itself: counted where onnx is installed."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from cnnkit.errors import ModelError, UsageError
from cnnkit.export.graph import count, graph_layers, load_graph
from cnnkit.spec import ModelFacts
from cnnkit.system import require


def with_counts(facts: ModelFacts, size: tuple[int, int] | None = None, *, layers: bool = False) -> ModelFacts:
    """Adds parameters and multiply-adds where no spec says them, or a size is asked for, and layers on request.

    Args:
        facts: What the file says.
        size: Height and width in pixels, for ONNX files that take any; None counts only what is not known.
        layers: Whether the nodes of an ONNX file are listed; those of a Keras file are already.

    Raises:
        UsageError: The file takes another size, is a Keras file, or in onnxruntime's own format.
        ModelError: The graph cannot be followed, or has branches and no list of layers.
        MissingExtraError: A size or layers are asked for, and onnx is not installed.
    """
    if facts.keras:
        if size is not None:
            raise UsageError(f"{facts.path} is a Keras file, and --size is for .onnx files: leave it out")
        return facts
    asked = "--size" if size is not None else "--layers" if layers else ""
    if not asked and (facts.parameters is not None or facts.operators is None or find_spec("onnx") is None):
        return facts
    if facts.operators is None:
        raise UsageError(
            f"{facts.path} is in onnxruntime's own format, which does not show its nodes: leave out {asked}"
        )
    require(f"cnnkit info {asked}", "export", "onnx")
    graph = load_graph(facts.path, outside=True)
    counts = count(graph, size)
    listed = graph_layers(graph, size) if layers else None
    if layers and listed is None:
        raise ModelError(f"{facts.path} has branches or loops, which are no list of layers: leave out --layers")
    if counts is None:
        return facts
    known = counts.parameters if facts.parameters is None else facts.parameters
    return replace(facts, parameters=known, multiply_adds=counts.multiply_adds, layers=listed)
