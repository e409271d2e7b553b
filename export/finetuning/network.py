"""A quantized graph as a Keras model: integers are played by rounded floats; weights and ranges are trained."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.finetuning.operators import operator, round_to
from cnnkit.export.graph import attributes, constants, producers

_WEIGHTED = ("Conv", "Gemm", "MatMul")
_BIAS_STEP = 64  # of its integers: about what a step of one weight amounts to
_RANGE_STEP = 0.1  # a range changes by this factor where a weight changes by one integer
Arrays = Mapping[str, NDArray[Any]]


def trainable_network(quantized: Any, prepared: Any, bits: int) -> Any:
    """Builds a Keras model that computes as a quantized graph does.

    Its variables are the weights and biases of all layers that compute in integers, in units of those integers, and the
    logarithm of what each range of activations is multiplied with, so that one learning rate suits all of them.

    Args:
        quantized: A QDQ onnx.ModelProto.
        prepared: The float graph that it was made from, with the same names of nodes.
        bits: Of its weights.

    Returns:
        A keras.Model from what the graph takes to probabilities; `write_into` puts its variables back.

    Raises:
        ModelError: The graph computes something through which there is no known gradient.
    """
    import keras

    layers = _integer_layers(quantized, prepared)
    steps = _steps(quantized, layers)
    ranges = _ranges(quantized)
    for node in quantized.graph.node:
        if node.op_type not in ("QuantizeLinear", "DequantizeLinear"):
            operator(node.op_type)

    class Network(keras.Model):  # type: ignore[misc]
        def __init__(self) -> None:
            super().__init__()
            self.parameters = {
                name: [self._parameter(array / step) for array, step in zip(arrays, steps[name], strict=True)]
                for name, arrays in layers.items()
            }
            self.stretches = {name: self._parameter(np.zeros(())) for name in sorted(set(ranges.values()))}

        def _parameter(self, array: NDArray[Any]) -> Any:
            return self.add_weight(shape=array.shape, initializer=_constant(array))

        def weights_of(self, name: str) -> list[Any]:
            """Returns the float weight and bias of a layer."""
            return [variable * step for variable, step in zip(self.parameters[name], steps[name], strict=True)]

        def stretch_of(self, scale: str) -> Any:
            """Returns what a scale of the graph is multiplied with."""
            return keras.ops.exp(self.stretches[ranges[scale]] * _RANGE_STEP) if scale in ranges else 1.0

        def call(self, image: Any) -> Any:
            return _run(quantized, image, self, bits)

    return Network()


def write_into(quantized: Any, network: Any, bits: int) -> None:
    """Puts trained weights, biases and ranges into the graph they came from, as integers and scales.

    Args:
        quantized: The graph; it is changed.
        network: Of `trainable_network`.
        bits: Of the weights.
    """
    from onnx import numpy_helper

    values, made_by = constants(quantized), producers(quantized)
    scales = [node.input[1] for node in quantized.graph.node if node.op_type == "QuantizeLinear"]
    changed: dict[str, NDArray[Any]] = {
        name: np.asarray(values[name] * np.asarray(network.stretch_of(name)), np.float32) for name in scales
    }
    for node in quantized.graph.node:
        for position, weight in enumerate(network.weights_of(node.name) if node.name in network.parameters else (), 1):
            source = made_by[node.input[position]]
            if position > 1:  # the scale of a bias is that of the input times that of the weights
                before = made_by[node.input[0]].input[1]
                changed[source.input[1]] = values[source.input[1]] * (
                    changed.get(before, values[before]) / values[before]
                )
            scale, zero = _scale_and_zero(source, {**values, **changed})
            held = values[source.input[0]]
            integers = np.rint(np.asarray(weight) / scale) + zero
            changed[source.input[0]] = np.clip(integers, *_limits(held, bits)).astype(held.dtype)
    for tensor in quantized.graph.initializer:
        if tensor.name in changed:
            tensor.CopyFrom(numpy_helper.from_array(np.asarray(changed[tensor.name]), tensor.name))


def _constant(array: NDArray[Any]) -> Any:
    import keras

    return lambda shape, dtype=None: keras.ops.convert_to_tensor(array, dtype)


def _integer_layers(quantized: Any, prepared: Any) -> dict[str, tuple[NDArray[np.float32], ...]]:
    """Returns the float weight, and bias where there is one, of each layer that computes in integers.

    The bias is the quantized graph's, which may have been corrected since.
    """
    floats, values, made_by = constants(prepared), constants(quantized), producers(quantized)
    originals = {node.name: node for node in prepared.graph.node}
    fixed = {tensor.name for tensor in quantized.graph.initializer}
    found = {}
    for node in quantized.graph.node:
        if node.op_type not in _WEIGHTED or node.name not in originals:
            continue
        sources = [made_by.get(name) for name in node.input[1:3]]
        if all(source is not None and source.input[0] in fixed for source in sources):
            biases = [values[bias.input[0]] * values[bias.input[1]] for bias in sources[1:] if bias is not None]
            weight = floats[originals[node.name].input[1]]
            found[node.name] = (weight, *(bias.astype(np.float32) for bias in biases))
    return found


def _steps(quantized: Any, layers: Mapping[str, Any]) -> dict[str, list[NDArray[np.float32]]]:
    """Returns what one unit of each trained weight and bias is."""
    values, made_by = constants(quantized), producers(quantized)
    steps = {}
    for node in quantized.graph.node:
        if node.name in layers:
            sources = [made_by[name] for name in node.input[1 : 1 + len(layers[node.name])]]
            weight, *bias = [_scale_and_zero(source, values)[0] for source in sources]
            steps[node.name] = [weight, *[_BIAS_STEP * scale for scale in bias]]
    return steps


def _ranges(quantized: Any) -> dict[str, str]:
    """Maps the scales of activations to one name for each range: tensors of one range must keep one, or are slower."""
    values = constants(quantized)
    first: dict[tuple[float, int], str] = {}
    ranges = {}
    for node in quantized.graph.node:
        if node.op_type == "QuantizeLinear":
            key = (float(values[node.input[1]]), int(values[node.input[2]]))
            ranges[node.input[1]] = first.setdefault(key, node.input[1])
    return ranges


def _run(quantized: Any, image: Any, network: Any, bits: int) -> Any:
    """Computes the graph node by node, with the network's weights and ranges in place of its integers and scales."""
    from keras import ops

    values, made_by = constants(quantized), producers(quantized)
    tensors: dict[str, Any] = {quantized.graph.input[0].name: image, "": None}
    for node in quantized.graph.node:
        inputs = [tensors[name] if name in tensors else values[name] for name in node.input]
        if node.op_type in ("QuantizeLinear", "DequantizeLinear"):
            scale, zero = _scale_and_zero(node, values)
            scale = scale * network.stretch_of(node.input[1])
            if node.op_type == "QuantizeLinear":
                limits = np.iinfo(values[node.input[2]].dtype)
                output = round_to(inputs[0] / scale + zero, int(limits.min), int(limits.max))
            else:
                output = (ops.cast(inputs[0], "float32") - zero) * scale
        else:
            if node.name in network.parameters:
                stretches = (1.0, network.stretch_of(made_by[node.input[0]].input[1]))
                sources = [made_by[name] for name in node.input[1:]]
                trained = zip(network.weights_of(node.name), sources, stretches, strict=False)
                inputs[1:] = [_rounded(weight, source, values, bits, stretch) for weight, source, stretch in trained]
            output = operator(node.op_type)(inputs, attributes(node))
        tensors[node.output[0]] = output
    return tensors[quantized.graph.output[0].name]


def _rounded(weight: Any, source: Any, values: Arrays, bits: int, stretch: Any) -> Any:
    """Rounds a weight or a bias as the graph's integers hold it, whose scale is stretched."""
    scale, zero = _scale_and_zero(source, values)
    scale = scale * stretch
    low, high = _limits(values[source.input[0]], bits)
    return (round_to(weight / scale + zero, low, high) - zero) * scale


def _scale_and_zero(node: Any, values: Arrays) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns scale and zero point of a node, shaped so that they fit its tensor."""
    scale, zero = values[node.input[1]], values[node.input[2]].astype(np.float32)
    if scale.size == 1:
        return scale.reshape(()), zero.reshape(())
    if node.input[0] in values:
        axis = next((one.i for one in node.attribute if one.name == "axis"), 1)
        shape = [1] * values[node.input[0]].ndim
        shape[axis] = -1
        scale, zero = scale.reshape(shape), zero.reshape(shape)
    return scale, zero


def _limits(held: NDArray[Any], bits: int) -> tuple[int, int]:
    """Returns the least and largest integer of a weight or a bias, whose integers before training are `held`.

    A weight keeps to 7 bits where it did: beside others that do, the last layer may have 8.
    """
    if held.dtype == np.int32:
        return -(2**31), 2**31 - 1
    if held.dtype == np.uint8:
        return 0, 2**bits - 1
    largest = 2 ** (bits - 1)
    return (-largest, largest) if np.abs(held.astype(np.int32)).max(initial=0) <= 64 and bits == 7 else (-127, 127)
