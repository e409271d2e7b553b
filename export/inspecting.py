"""What `cnnkit info` says of files that carry no spec, or take images of any size: counted where onnx is installed."""

from __future__ import annotations

from dataclasses import replace
from importlib.util import find_spec

from cnnkit.errors import UsageError
from cnnkit.export.graph import count, load_graph
from cnnkit.spec import ModelFacts
from cnnkit.system import require


def with_counts(facts: ModelFacts, size: tuple[int, int] | None = None) -> ModelFacts:
    """Adds parameters and multiply-adds where no spec says them, or a size is asked for.

    Args:
        facts: What the file says.
        size: Height and width in pixels, for files that take any; None counts only what is not known.

    Raises:
        UsageError: The file takes another size, or is in onnxruntime's own format.
        ModelError: The graph cannot be followed.
        MissingExtraError: A size is given, and onnx is not installed.
    """
    if size is None and (facts.parameters is not None or facts.operators is None or find_spec("onnx") is None):
        return facts
    if facts.operators is None:
        raise UsageError(
            f"{facts.path} is in onnxruntime's own format, which does not show its nodes: leave out --size"
        )
    require("cnnkit info --size", "export", "onnx")
    counts = count(load_graph(facts.path, outside=True), size)
    if counts is None:
        return facts
    known = counts.parameters if facts.parameters is None else facts.parameters
    return replace(facts, parameters=known, multiply_adds=counts.multiply_adds)
