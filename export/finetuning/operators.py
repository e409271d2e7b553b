"""The operators of ONNX that image classifiers are made of, in keras.ops, so that gradients can flow through them.

Tensors keep the layout of the graph, (batch, channels, height, width); what Keras computes with channels last, on CPUs
without any other way, is transposed before and after.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from functools import reduce
from math import prod
from typing import Any

import numpy as np

from cnnkit.errors import ModelError

Attributes = Mapping[str, Any]
Operator = Callable[[Sequence[Any], Attributes], Any]

_LAST, _FIRST = (0, 2, 3, 1), (0, 3, 1, 2)


def operator(name: str) -> Operator:
    """Returns the function of an operator: inputs (None where one is left out) and attributes -> its output.

    Raises:
        ModelError: There is none.
    """
    if name not in _OPERATORS:
        raise ModelError(
            f"the graph computes {name}, through which fine-tuning knows no gradient: leave out --finetune"
        )
    return _OPERATORS[name]


def straight_through(exact: Any, smooth: Any) -> Any:
    """Returns `exact` with the gradient of `smooth`.

    Source: Bengio et al., "Estimating or Propagating Gradients Through Stochastic Neurons for Conditional Computation",
    arXiv:1308.3432.
    """
    from keras import ops

    return smooth + ops.stop_gradient(exact - smooth)


def round_to(values: Any, low: int, high: int) -> Any:
    """Rounds to whole numbers from `low` to `high`; the gradient passes where nothing is clipped."""
    from keras import ops

    return ops.clip(straight_through(ops.round(values), values), low, high)


def _conv(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    image, weight = inputs[:2]
    strides = tuple(attributes.get("strides", (1, 1)))
    dilations = tuple(attributes.get("dilations", (1, 1)))
    padded = ops.transpose(_padded(image, weight.shape[2:], attributes, 0.0), _LAST)
    if attributes.get("group", 1) == weight.shape[0] == image.shape[1] and weight.shape[1] == 1 != weight.shape[0]:
        output = ops.depthwise_conv(padded, ops.transpose(weight, (2, 3, 0, 1)), strides, "valid", None, dilations)
    else:
        output = ops.conv(padded, ops.transpose(weight, (2, 3, 1, 0)), strides, "valid", None, dilations)
    output = ops.transpose(output, _FIRST)
    return output if len(inputs) < 3 or inputs[2] is None else output + ops.reshape(inputs[2], (1, -1, 1, 1))


def _padded(image: Any, kernel: Sequence[int], attributes: Attributes, value: float) -> Any:
    """Pads as a window operator says, in numbers or by itself."""
    from keras import ops

    automatic = attributes.get("auto_pad", b"NOTSET")
    pads = list(attributes.get("pads", (0, 0, 0, 0)))
    if automatic in (b"SAME_UPPER", b"SAME_LOWER"):
        strides = attributes.get("strides", (1, 1))
        dilations = attributes.get("dilations", (1, 1))
        totals = [
            max((-(-size // stride) - 1) * stride + (window - 1) * dilation + 1 - size, 0)
            for size, stride, window, dilation in zip(image.shape[2:], strides, kernel, dilations, strict=True)
        ]
        small, large = [total // 2 for total in totals], [total - total // 2 for total in totals]
        pads = [*small, *large] if automatic == b"SAME_UPPER" else [*large, *small]
    if not any(pads):
        return image
    return ops.pad(image, ((0, 0), (0, 0), (pads[0], pads[2]), (pads[1], pads[3])), constant_values=value)


def _max_pool(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    window = tuple(attributes["kernel_shape"])
    padded = ops.transpose(_padded(inputs[0], window, attributes, -3e38), _LAST)
    pooled = ops.max_pool(padded, window, tuple(attributes.get("strides", (1, 1))), "valid", "channels_last")
    return ops.transpose(pooled, _FIRST)


def _average_pool(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    window, strides = tuple(attributes["kernel_shape"]), tuple(attributes.get("strides", (1, 1)))

    def pooled(image: Any) -> Any:
        padded = ops.transpose(_padded(image, window, attributes, 0.0), _LAST)
        return ops.transpose(ops.average_pool(padded, window, strides, "valid", "channels_last"), _FIRST)

    if attributes.get("count_include_pad", 0):
        return pooled(inputs[0])
    return pooled(inputs[0]) / pooled(ops.ones_like(inputs[0]))


def _gemm(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    first, second = inputs[:2]
    first = ops.transpose(first) if attributes.get("transA", 0) else first
    second = ops.transpose(second) if attributes.get("transB", 0) else second
    product = ops.matmul(first, second) * attributes.get("alpha", 1.0)
    return product if len(inputs) < 3 or inputs[2] is None else product + inputs[2] * attributes.get("beta", 1.0)


def _reshape(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    target = [int(size) for size in inputs[1]]
    sizes = [inputs[0].shape[axis] if size == 0 and axis else size for axis, size in enumerate(target)][1:]
    if -1 in sizes:
        sizes[sizes.index(-1)] = prod(inputs[0].shape[1:]) // -prod(sizes)
    return ops.reshape(inputs[0], (-1, *sizes))  # the first is the batch


def _axes(inputs: Sequence[Any], attributes: Attributes) -> tuple[int, ...]:
    values = inputs[1] if len(inputs) > 1 and inputs[1] is not None else attributes["axes"]
    return tuple(int(axis) for axis in values)


def _clip(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    limits = [None if value is None else float(value) for value in (*inputs[1:], None, None)[:2]]
    low = attributes.get("min") if limits[0] is None else limits[0]
    high = attributes.get("max") if limits[1] is None else limits[1]
    return ops.clip(inputs[0], -3e38 if low is None else low, 3e38 if high is None else high)


def _pad(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    pads = [int(number) for number in inputs[1]]
    half = len(pads) // 2
    value = float(inputs[2]) if len(inputs) > 2 and inputs[2] is not None else 0.0
    return ops.pad(inputs[0], list(zip(pads[:half], pads[half:], strict=True)), constant_values=value)


def _hard_sigmoid(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    return ops.clip(inputs[0] * attributes.get("alpha", 0.2) + attributes.get("beta", 0.5), 0, 1)


def _reduced(name: str) -> Operator:
    """Returns an operator that is a function of keras.ops over some axes."""

    def call(inputs: Sequence[Any], attributes: Attributes) -> Any:
        from keras import ops

        keeps = bool(attributes.get("keepdims", 1))
        return getattr(ops, name)(inputs[0], axis=_axes(inputs, attributes), keepdims=keeps)

    return call


def _normalized(inputs: Sequence[Any], attributes: Attributes) -> Any:
    image, *numbers = inputs
    shape = (1, -1, *[1] * (len(image.shape) - 2))
    scale, bias, mean, variance = (np.asarray(number, np.float32).reshape(shape) for number in numbers)
    return (image - mean) * (scale / np.sqrt(variance + attributes.get("epsilon", 1e-5))) + bias


def _sloped(inputs: Sequence[Any], _: Attributes) -> Any:
    from keras import ops

    image, slope = inputs
    return ops.relu(image) - slope * ops.relu(-image)


def _of_all(name: str) -> Operator:
    """Returns an operator that is a function of keras.ops of two inputs, applied to any number of them."""

    def call(inputs: Sequence[Any], _: Attributes) -> Any:
        from keras import ops

        return reduce(getattr(ops, name), inputs)

    return call


def _unsqueeze(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    axes = _axes(inputs, attributes)
    rank = len(inputs[0].shape) + len(axes)
    return reduce(ops.expand_dims, sorted(axis % rank for axis in axes), inputs[0])


def _plain(name: str) -> Operator:
    """Returns an operator that is a function of keras.ops of its inputs alone."""

    def call(inputs: Sequence[Any], _: Attributes) -> Any:
        from keras import ops

        return getattr(ops, name)(*inputs)

    return call


def _with_attribute(name: str, argument: str, attribute: str, default: Any) -> Operator:
    """Returns an operator that is a function of keras.ops of its first input and an attribute."""

    def call(inputs: Sequence[Any], attributes: Attributes) -> Any:
        from keras import ops

        return getattr(ops, name)(inputs[0], **{argument: attributes.get(attribute, default)})

    return call


def _concatenate(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    return ops.concatenate(inputs, axis=attributes["axis"])


def _cast(inputs: Sequence[Any], _: Attributes) -> Any:
    from keras import ops

    return ops.cast(inputs[0], "float32")


def _squeeze(inputs: Sequence[Any], attributes: Attributes) -> Any:
    from keras import ops

    return ops.squeeze(inputs[0], axis=_axes(inputs, attributes))


def _flatten(inputs: Sequence[Any], _: Attributes) -> Any:
    from keras import ops

    return ops.reshape(inputs[0], (-1, prod(inputs[0].shape[1:])))


def _global(name: str) -> Operator:
    """Returns a pooling over whole images by a function of keras.ops."""

    def call(inputs: Sequence[Any], _: Attributes) -> Any:
        from keras import ops

        return getattr(ops, name)(inputs[0], axis=(2, 3), keepdims=True)

    return call


_OPERATORS: dict[str, Operator] = {
    # Not ops.add: of (1, C, 1, 1) it makes a bias of the last axis where that has C elements too.
    "Add": lambda inputs, _: inputs[0] + inputs[1], "Sub": lambda inputs, _: inputs[0] - inputs[1],
    "Mul": lambda inputs, _: inputs[0] * inputs[1], "Div": lambda inputs, _: inputs[0] / inputs[1],
    "Neg": _plain("negative"), "Sqrt": _plain("sqrt"), "Erf": _plain("erf"), "Tanh": _plain("tanh"),
    "Relu": _plain("relu"), "Sigmoid": _plain("sigmoid"), "Softplus": _plain("softplus"), "Identity": _plain("array"),
    "HardSwish": lambda inputs, _: inputs[0] * _hard_sigmoid(inputs, {"alpha": 1 / 6}), "HardSigmoid": _hard_sigmoid,
    "LeakyRelu": _with_attribute("leaky_relu", "negative_slope", "alpha", 0.01),
    "Elu": _with_attribute("elu", "alpha", "alpha", 1.0), "Softmax": _with_attribute("softmax", "axis", "axis", -1),
    "Transpose": _with_attribute("transpose", "axes", "perm", None), "MatMul": _plain("matmul"), "Gemm": _gemm,
    "Conv": _conv, "MaxPool": _max_pool, "AveragePool": _average_pool, "GlobalAveragePool": _global("mean"),
    "GlobalMaxPool": _global("max"), "ReduceMean": _reduced("mean"), "ReduceSum": _reduced("sum"),
    "ReduceMax": _reduced("max"), "Reshape": _reshape, "Flatten": _flatten, "Squeeze": _squeeze,
    "Unsqueeze": _unsqueeze, "Concat": _concatenate, "Clip": _clip, "Pad": _pad, "Cast": _cast,
    "BatchNormalization": _normalized, "PRelu": _sloped, "Pow": _plain("power"), "Abs": _plain("absolute"),
    "Exp": _plain("exp"), "Log": _plain("log"), "Reciprocal": lambda inputs, _: 1 / inputs[0],
    "Max": _of_all("maximum"), "Min": _of_all("minimum"), "Selu": _plain("selu"),
}  # fmt: skip
