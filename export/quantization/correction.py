"""Bias correction: what rounding the weights shifts on average is taken out of the biases.

Source: Nagel et al., "Data-Free Quantization Through Weight Equalization and Bias Correction", arXiv:1906.04721,
section 4.2, with the means of the inputs measured on calibration images.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.graph import constants, producers

Means = Mapping[str, NDArray[np.float32]]  # name of a tensor -> its mean image, (1, channels, height, width) float32


def correct_biases(quantized: Any, prepared: Any, means: Means) -> int:
    """Shifts the integer biases of convolutions.

    Args:
        quantized: A QDQ onnx.ModelProto; it is changed.
        prepared: The float graph that it was made from, with the same names of nodes.
        means: Of the float graph's convolutions' inputs; see `mean_inputs`.

    Returns:
        How many convolutions were corrected.
    """
    from onnx import numpy_helper

    values, made_by = constants(quantized), producers(quantized)
    tensors = {tensor.name: tensor for tensor in quantized.graph.initializer}
    originals = constants(prepared)
    floats = {node.name: node for node in prepared.graph.node if node.op_type == "Conv"}
    corrected = 0
    for node in quantized.graph.node:
        original = floats.get(node.name)
        weight = _dequantized(node, 1, made_by, values)
        bias = _integers_behind(node, 2, made_by)
        if original is None or weight is None or bias is None or original.input[0] not in means:
            continue
        error = weight - originals[original.input[1]]
        shift = _mean_output(original, means[original.input[0]], error)
        scale = values[made_by[node.input[2]].input[1]]
        integers = values[bias].astype(np.int64) - np.rint(shift / scale).astype(np.int64)
        tensors[bias].CopyFrom(numpy_helper.from_array(integers.astype(np.int32), bias))
        corrected += 1
    return corrected


def mean_inputs(prepared: Any, batches: Any) -> dict[str, NDArray[np.float32]]:
    """Measures the mean image of every convolution's input.

    Args:
        prepared: A float onnx.ModelProto with one input.
        batches: An iterable of (n, ...) arrays that the graph takes.
    """
    import onnx

    from cnnkit.runtime import import_onnxruntime

    names = inputs_of_convolutions(prepared)
    graph = onnx.ModelProto()
    graph.CopyFrom(prepared)
    graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in names)
    runtime = import_onnxruntime()
    session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
    sums: dict[str, NDArray[np.float64]] = {}
    count = 0
    for batch in batches:
        outputs = session.run(names, {prepared.graph.input[0].name: batch})
        count += len(batch)
        for name, output in zip(names, outputs, strict=True):
            sums[name] = sums.get(name, 0.0) + _sum_of_images(output)
    return {name: (total / count).astype(np.float32) for name, total in sums.items()}


def _sum_of_images(output: NDArray[np.float32]) -> NDArray[np.float64]:
    """Sums over the first axis, which is kept with one image; as a product, which threads and vectors make quick."""
    summed = np.ones(len(output), np.float32) @ output.reshape(len(output), -1)
    return summed.reshape(1, *output.shape[1:]).astype(np.float64)


def inputs_of_convolutions(prepared: Any) -> list[str]:
    """Returns the names of the tensors that convolutions take, each once."""
    return sorted({node.input[0] for node in prepared.graph.node if node.op_type == "Conv"})


def _mean_output(node: Any, mean: NDArray[np.float32], error: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns what an error of the weights adds to each output channel on average, (channels,).

    A convolution is linear: its mean output is its output of the mean input, padding and all.
    """
    import onnx
    from onnx import TensorProto, helper, numpy_helper

    from cnnkit.runtime import import_onnxruntime

    convolution = onnx.NodeProto()
    convolution.CopyFrom(node)
    convolution.input[:], convolution.output[:] = ["x", "w"], ["y"]
    graph = helper.make_graph(
        [convolution],
        "mean",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, mean.shape)],
        [onnx.ValueInfoProto(name="y")],
        [numpy_helper.from_array(np.ascontiguousarray(error, np.float32), "w")],
    )
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    session = import_onnxruntime().InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    output: NDArray[np.float32] = session.run(None, {"x": mean})[0]
    shift: NDArray[np.float32] = output.mean(axis=(0, 2, 3))
    return shift


def _dequantized(
    node: Any, index: int, made_by: Mapping[str, Any], values: Mapping[str, NDArray[Any]]
) -> NDArray[np.float32] | None:
    """Returns a constant input as the integer operator sees it; None where it is no dequantized constant."""
    if node.op_type != "Conv" or len(node.input) <= index:
        return None
    dequantize = made_by.get(node.input[index])
    if dequantize is None or dequantize.op_type != "DequantizeLinear" or dequantize.input[0] not in values:
        return None
    integers, scale = values[dequantize.input[0]].astype(np.float32), values[dequantize.input[1]]
    zero = values[dequantize.input[2]].astype(np.float32) if len(dequantize.input) > 2 else np.float32(0)
    shape = (-1, *(1,) * (integers.ndim - 1)) if scale.ndim else ()
    dequantized: NDArray[np.float32] = (integers - zero.reshape(shape)) * scale.reshape(shape)
    return dequantized


def _integers_behind(node: Any, index: int, made_by: Mapping[str, Any]) -> str | None:
    """Returns the name of the integer constant that an input is dequantized from."""
    if len(node.input) <= index:
        return None
    dequantize = made_by.get(node.input[index])
    return dequantize.input[0] if dequantize is not None and dequantize.op_type == "DequantizeLinear" else None
