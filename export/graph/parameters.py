"""Counts the trained numbers of a graph: the constants that are weights, and not those that are settings."""

from __future__ import annotations

from math import prod
from typing import Any

from cnnkit.export.graph.graphs import producers

# Where operators on integers hold weights and biases; elsewhere weights are floats, or integers made floats again.
_INTEGER_WEIGHTS = {
    "QLinearConv": (3, 8), "QLinearMatMul": (0, 3), "QGemm": (0, 3, 6), "ConvInteger": (1,), "MatMulInteger": (0, 1),
}  # fmt: skip
# Operators whose constants are sizes, bounds and steps.
_SETTINGS = {
    "Resize", "Upsample", "Clip", "Pad", "Pow", "Max", "Min", "Where", "Tile", "Greater", "Less", "GreaterOrEqual",
    "LessOrEqual", "Equal", "Range", "OneHot", "Dropout", "LRN", "Slice", "QuantizeLinear", "DequantizeLinear",
    "DynamicQuantizeLinear", "QLinearAdd", "QLinearMul", "QLinearConcat", "QLinearSigmoid", "QLinearLeakyRelu",
    "QLinearSoftmax", "QLinearAveragePool", "QLinearGlobalAveragePool",
}  # fmt: skip
# What may stand between the image and the first layer.
_PREPARING = {
    "Add", "Sub", "Mul", "Div", "Cast", "Transpose", "Identity", "Reshape", "Resize", "Upsample", "Pad",
    "QuantizeLinear", "DequantizeLinear",
}  # fmt: skip
# Layers of which every constant input is trained, be it a single number; elsewhere single numbers are settings.
_LAYERS = {
    "Conv", "ConvTranspose", "Gemm", "MatMul", "Einsum", "PRelu", "BatchNormalization", "InstanceNormalization",
    "LayerNormalization", "GroupNormalization", "RNN", "GRU", "LSTM",
}  # fmt: skip
_MOVING = {"DequantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Transpose", "Cast", "Identity"}
_FIRST_ALONE = {"DequantizeLinear", "QuantizeLinear", "Reshape", "Unsqueeze", "Squeeze", "Expand"}
_FLOATS = (1, 10, 11, 16)  # onnx.TensorProto: float32, float16, double, bfloat16


def parameters(model: Any) -> int:
    """Counts all trained numbers of a graph, see `parameters_by_node`."""
    return sum(parameters_by_node(model).values())


def parameters_by_node(model: Any) -> dict[str, int]:
    """Counts trained numbers; moving statistics are among them, as in Keras.

    What several nodes share is counted with the first of them.
    Not counted are scales and zero points of integers, bounds and sizes, single numbers that are no layer's, and how
    the image is standardised.

    Args:
        model: An onnx.ModelProto from `plain_graph`.

    Returns:
        How many each node has that does not depend on constants alone, by its name.
    """
    tensors = {tensor.name: tensor for tensor in model.graph.initializer}
    made_by = producers(model)
    known = constant_names(model)
    image = {value.name for value in model.graph.input}
    counted: set[str] = set()
    counts: dict[str, int] = {}
    for node in model.graph.node:
        if all(name in known for name in node.input if name):
            continue  # computed from constants alone: counted where it is taken
        weights: set[str] = set()
        if node.op_type in _PREPARING and any(name in image for name in node.input):
            image.update(node.output)
        elif node.op_type not in _SETTINGS:
            weights = _weights(node, known, made_by, tensors) - counted
        counts[node.name] = sum(prod(tensors[name].dims) for name in weights)
        counted |= weights
    return counts


def _weights(node: Any, known: set[str], made_by: dict[str, Any], tensors: dict[str, Any]) -> set[str]:
    """Returns the constants behind a node's inputs that are weights."""
    if node.op_type not in _INTEGER_WEIGHTS:
        fewest = 1 if node.op_type in _LAYERS or _is_bias_of_one(node, made_by, tensors) else 2
        return {each for name in node.input if name in known for each in _trained(name, made_by, tensors, fewest)}
    places = [node.input[index] for index in _INTEGER_WEIGHTS[node.op_type] if index < len(node.input)]
    return {name for place in places if place in known for name in _behind(place, made_by)[0] & tensors.keys()}


def constant_names(model: Any) -> set[str]:
    """Returns the names of all tensors that do not depend on the image."""
    known = {tensor.name for tensor in model.graph.initializer}
    for node in model.graph.node:
        if node.input and all(name in known for name in node.input if name):
            known.update(node.output)
    return known


def _trained(name: str, made_by: dict[str, Any], tensors: dict[str, Any], fewest: int) -> set[str]:
    """Returns the constants behind a tensor that are weights: so many numbers, floats or made floats again."""
    names, operators = _behind(name, made_by)
    floats = "DequantizeLinear" in operators
    fewest = fewest if operators <= _MOVING else 2
    roots = (tensors[root] for root in names & tensors.keys())
    return {each.name for each in roots if prod(each.dims) >= fewest and (floats or each.data_type in _FLOATS)}


def _is_bias_of_one(node: Any, made_by: dict[str, Any], tensors: dict[str, Any]) -> bool:
    """Whether a sum adds the bias of a dense layer of one unit, written as a product and a sum."""
    sources = [made_by[name] for name in node.input if name in made_by]
    if node.op_type != "Add" or len(sources) != 1 or sources[0].op_type != "MatMul":
        return False
    weight = tensors.get(sources[0].input[1])
    return weight is not None and list(weight.dims)[1:] == [1]


def _behind(name: str, made_by: dict[str, Any]) -> tuple[set[str], set[str]]:
    """Returns the tensors that a constant is made of, scales and shapes left out, and by which operators."""
    names, operators, todo = set(), set(), [name]
    while todo:
        current = todo.pop()
        if current in names or not current:
            continue
        names.add(current)
        node = made_by.get(current)
        if node is not None:
            operators.add(node.op_type)
            todo += node.input[:1] if node.op_type in _FIRST_ALONE else node.input
    return names, operators
