"""The operator in front of a graph's output: what makes its numbers, with what only moves or scales them left out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import NamedTuple

from cnnkit.spec import GraphNode

_PASSING = frozenset({
    "Identity", "Reshape", "Squeeze", "Unsqueeze", "Flatten", "Cast", "CastLike", "Dropout", "Transpose",
    "QuantizeLinear", "DequantizeLinear", "ExpandDims", "StopGradient", "PreventGradient", "EnsureShape",
})  # fmt: skip
_ARITHMETIC = frozenset({"Add", "AddV2", "BiasAdd", "Sub", "Mul", "Div", "RealDiv"})
_DIVISIONS, _SUMS = frozenset({"Div", "RealDiv"}), frozenset({"ReduceSum", "Sum"})
_LINEAR = frozenset({
    "Gemm", "MatMul", "Conv", "BatchNormalization", "GlobalAveragePool", "AveragePool", "ReduceMean", "MatMulInteger",
    "FusedMatMul", "FusedGemm", "FusedConv", "Einsum", "Conv2D", "FusedBatchNormV3", "QGemm", "GemmFloat8",
    "MatMulNBits", "BatchMatMulV2", "GlobalMaxPool",
})  # fmt: skip
_QUANTIZED = "QLinear"  # of onnxruntime's own operators: QLinearSoftmax


class GraphEnd(NamedTuple):
    """How a graph ends."""

    operator: str | None = None  # "Softmax", "Gemm", ...; None where it cannot be told
    changed: bool = False  # whether constants are added or multiplied behind it

    def is_linear(self) -> bool:
        """Whether it ends in a sum of products, or a mean: numbers of any size."""
        return self.operator in _LINEAR


def graph_end(nodes: Sequence[GraphNode], image: str, output: str) -> GraphEnd:
    """Walks from an output back to what makes its numbers.

    Args:
        nodes: All of a graph.
        image: The name of the graph's input.
        output: The name of its output.
    """
    makers = {name: node for node in nodes for name in node.outputs}
    varying = _varying(nodes, image)
    name, changed = output, False
    while name in makers:
        node = makers.pop(name)
        sources = [one for one in node.inputs if one in varying]
        if node.operator in _ARITHMETIC and len(sources) == 1:
            changed = True
        elif node.operator not in _PASSING or not sources:
            operator = "Softmax" if _is_softmax(node, sources, makers) else node.operator.removeprefix(_QUANTIZED)
            return GraphEnd(operator, changed)
        name = sources[0]
    return GraphEnd()


def _varying(nodes: Sequence[GraphNode], image: str) -> set[str]:
    """Returns the tensors that depend on the image; nodes may stand in any order."""
    varying, before = {image}, 0
    while len(varying) > before:
        before = len(varying)
        for node in nodes:
            if not varying.isdisjoint(node.inputs):
                varying.update(node.outputs)
    return varying


def _is_softmax(node: GraphNode, sources: list[str], makers: Mapping[str, GraphNode]) -> bool:
    """Whether a node is the end of exp(x) / sum(exp(x)), as some exporters write it out."""
    if node.operator not in _DIVISIONS or len(sources) != 2:
        return False
    above, below = (makers.get(name) for name in sources)
    if above is None or below is None or below.operator not in _SUMS:
        return False
    return above.operator == "Exp" and below.inputs[0] == sources[0]
