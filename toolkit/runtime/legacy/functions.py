"""TensorFlow functions between the layers of a Keras 2 model, which Keras 3 has no layers for.

`preprocess_input(image)` in a model, `image / 255` or `tf.nn.relu6(x)` are such. Only the functions named here are
called, whatever a file says: they compute, and do nothing else.
"""

from __future__ import annotations

from functools import reduce
from typing import Any

FUNCTION_LAYERS = ("TFOpLambda", "SlicingOpLambda")
_TENSOR = "__tensor__"  # where a tensor stands among arguments: {_TENSOR: its number in the call}
_CONSTANT = "_CONSTANT_VALUE"  # what Keras 2 writes for a layer where a number stands
_OPERATORS = {
    f"__operators__.{name}": f"math.{function}"
    for name, function in {
        "add": "add", "radd": "add", "sub": "subtract", "mul": "multiply", "rmul": "multiply", "truediv": "truediv",
        "neg": "negative", "pow": "pow", "abs": "abs",
    }.items()
}  # fmt: skip
_SLICE = "__operators__.getitem"
FUNCTIONS = frozenset({
    "cast", "clip_by_value", "concat", "expand_dims", "identity", "image.resize", "reshape", "reverse", "squeeze",
    "stack", "transpose",
    *(f"math.{name}" for name in (
        "abs", "add", "divide", "exp", "l2_normalize", "log", "maximum", "minimum", "multiply", "negative", "pow",
        "reduce_max", "reduce_mean", "reduce_sum", "rsqrt", "sigmoid", "sqrt", "square", "subtract", "tanh", "truediv",
    )),
    *(f"nn.{name}" for name in (
        "bias_add", "elu", "gelu", "leaky_relu", "local_response_normalization", "relu", "relu6", "selu", "sigmoid",
        "silu", "softmax", "softplus", "swish", "tanh",
    )),
})  # fmt: skip


def plain_call(node: Any, layers: Any) -> Any:
    """Returns the call of a function layer as one of a layer: its tensors first, and its arguments as a dict.

    Args:
        node: As Keras 2 wrote it: one tensor's call, or a list of them, each with the function's other arguments.
        layers: The names of the layers that a tensor may come from; needs `in` alone.
    """
    if not isinstance(node, list) or not node:
        return node
    single = isinstance(node[0], str)
    calls = [node] if single else node
    if not all(isinstance(call, list) and len(call) > 2 for call in calls):
        return node
    others = calls[-1][3] if len(calls[-1]) > 3 and isinstance(calls[-1][3], dict) else {}
    tensors: list[list[Any]] = []
    first = [call[2] if call[0] == _CONSTANT else _numbered(call[:3], layers, tensors) for call in calls]
    arguments = {key: _numbered(value, layers, tensors) for key, value in others.items() if key != "name"}
    return [[*tensor, {"first": first[0] if single else first, "arguments": arguments}] for tensor in tensors]


def function_layers(keras: Any) -> dict[str, Any]:
    """Returns the classes, by the names in a file, of layers that call one of `FUNCTIONS`.

    Args:
        keras: The module, version 3.
    """

    class TensorFlowFunction(keras.layers.Layer):  # type: ignore[misc, name-defined, unused-ignore]
        """Calls one function of TensorFlow.

        Raises:
            ValueError: It is none of those that are known to compute only.
        """

        def __init__(self, function: str, **settings: Any) -> None:
            super().__init__(**settings)
            self.function = _OPERATORS.get(function, function)
            if self.function not in FUNCTIONS and self.function != _SLICE:
                raise ValueError(f"TFOpLambda of tf.{function}")

        def call(self, tensors: Any, first: Any, arguments: dict[str, Any]) -> Any:
            import tensorflow as tf

            tensors = list(tensors) if isinstance(tensors, list | tuple) else [tensors]
            first, arguments = _with_tensors(first, tensors), _with_tensors(arguments, tensors)
            if self.function == _SLICE:
                return first[tuple(map(_slice, arguments["slice_spec"]))]
            return reduce(getattr, self.function.split("."), tf)(first, **arguments)

    return dict.fromkeys(FUNCTION_LAYERS, TensorFlowFunction)


def _numbered(value: Any, layers: Any, tensors: list[list[Any]]) -> Any:
    """Returns an argument with numbers for its tensors, which are put into the list."""
    if isinstance(value, dict):
        return {key: _numbered(inner, layers, tensors) for key, inner in value.items()}
    if not isinstance(value, list):
        return value
    if len(value) == 3 and isinstance(value[0], str) and value[0] in layers:
        tensors.append(value)
        return {_TENSOR: len(tensors) - 1}
    return [_numbered(inner, layers, tensors) for inner in value]


def _with_tensors(value: Any, tensors: list[Any]) -> Any:
    if isinstance(value, dict) and _TENSOR in value:
        return tensors[value[_TENSOR]]
    if isinstance(value, dict):
        return {key: _with_tensors(inner, tensors) for key, inner in value.items()}
    return [_with_tensors(inner, tensors) for inner in value] if isinstance(value, list | tuple) else value


def _slice(part: Any) -> Any:
    if not isinstance(part, dict):
        return part
    return ... if part.get("class_name") == "__ellipsis__" else slice(part["start"], part["stop"], part["step"])
