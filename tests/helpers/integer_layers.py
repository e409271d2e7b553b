"""Single layers of integers as ONNX graphs, and what they are exactly."""

from __future__ import annotations

from typing import Any

import numpy as np
from onnx import TensorProto, helper, numpy_helper

TYPES = {"u8": np.uint8, "s8": np.int8}


def lowest(activations: str) -> np.ndarray:
    """The zero point at which a float of 0 to 255 is its integer, shifted for signed ones."""
    return np.array(0 if activations == "u8" else -128, TYPES[activations])


def qdq_layer(
    operator: str, weight: np.ndarray, activations: str = "u8", *, group: int = 1, step: float = 1.0,
    float_result: bool = False, pads: int = 0, shape: tuple[Any, ...] = (), said: dict[str, Any] | None = None,
) -> Any:  # fmt: skip
    """A layer between QuantizeLinear and DequantizeLinear: floats from 0 to 255 in, steps of `step` out.

    Args:
        operator: "Conv", "MatMul" or "Gemm".
        weight: (outputs, inputs, height, width) or (inputs, outputs), int8 or uint8.
        activations: "u8" or "s8".
        group: Of a convolution.
        step: Scale of the result.
        float_result: Leaves the result in float, as that of the last layer of a network.
        pads: Of a convolution.
        shape: Of the input.
        said: Other attributes of a convolution.
    """
    axis, outputs = (0, len(weight)) if operator == "Conv" else (1, weight.shape[1])
    kind = weight.dtype.type
    values: dict[str, np.ndarray] = {
        "x.scale": np.float32(1), "x.zero": lowest(activations), "w": weight,
        "w.scale": np.ones(outputs, np.float32), "w.zero": np.zeros(outputs, kind),
    }  # fmt: skip
    if weight.dtype == np.uint8:
        values |= {"w.scale": np.float32(1), "w.zero": np.array(128, np.uint8)}
    by_channel = {"axis": axis} if values["w.scale"].ndim else {}
    options: dict[str, Any] = {"group": group, "pads": [pads] * 4} if operator == "Conv" else {}
    options = said or options
    inputs = ["x.float", "w.float"]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x.scale", "x.zero"], ["x.integers"]),
        helper.make_node("DequantizeLinear", ["x.integers", "x.scale", "x.zero"], ["x.float"]),
        helper.make_node("DequantizeLinear", ["w", "w.scale", "w.zero"], ["w.float"], **by_channel),
    ]
    if operator == "Gemm":
        values |= {"b": np.zeros(outputs, np.int32), "b.scale": np.ones(outputs, np.float32)}
        values["b.zero"] = np.zeros(outputs, np.int32)
        nodes.append(helper.make_node("DequantizeLinear", ["b", "b.scale", "b.zero"], ["b.float"], axis=0))
        inputs.append("b.float")
    nodes.append(helper.make_node(operator, inputs, ["y"], "layer", **options))
    if not float_result:
        values |= {
            "y.scale": np.float32(step),
            "y.zero": np.array(128 if activations == "u8" else 0, TYPES[activations]),
        }
        nodes.append(helper.make_node("QuantizeLinear", ["y", "y.scale", "y.zero"], ["y.integers"]))
        nodes.append(helper.make_node("DequantizeLinear", ["y.integers", "y.scale", "y.zero"], ["z"]))
    return _model(nodes, values, shape, "y" if float_result else "z")


def qoperator_layer(weight: np.ndarray, activations: str, *, group: int = 1, step: float = 1.0, shape: Any = ()) -> Any:
    """A QLinearConv behind QuantizeLinear and before DequantizeLinear; see `qdq_layer`."""
    outputs, kind = len(weight), weight.dtype.type
    values: dict[str, np.ndarray] = {
        "x.scale": np.float32(1), "x.zero": lowest(activations), "w": weight,
        "w.scale": np.ones(outputs, np.float32), "w.zero": np.zeros(outputs, kind),
        "y.scale": np.float32(step), "y.zero": np.array(128 if activations == "u8" else 0, TYPES[activations]),
    }  # fmt: skip
    if weight.dtype == np.uint8:
        values |= {"w.scale": np.float32(1), "w.zero": np.array(128, np.uint8)}
    names = ["x.integers", "x.scale", "x.zero", "w", "w.scale", "w.zero", "y.scale", "y.zero"]
    nodes = [
        helper.make_node("QuantizeLinear", ["x", "x.scale", "x.zero"], ["x.integers"]),
        helper.make_node("QLinearConv", names, ["y.integers"], "layer", group=group),
        helper.make_node("DequantizeLinear", ["y.integers", "y.scale", "y.zero"], ["z"]),
    ]
    return _model(nodes, values, shape, "z")


def exact(operator: str, weight: np.ndarray, inputs: np.ndarray, *, group: int = 1) -> np.ndarray:
    """What a layer without padding gives for inputs of whole numbers from 0 to 255, in 64-bit integers."""
    integers = inputs.astype(np.int64)
    if weight.dtype == np.uint8:
        weight = weight.astype(np.int64) - 128
    if operator != "Conv":
        return integers @ weight.astype(np.int64)
    windows = np.lib.stride_tricks.sliding_window_view(integers, weight.shape[2:], axis=(2, 3))
    parts = zip(np.split(windows, group, axis=1), np.split(weight.astype(np.int64), group), strict=True)
    return np.concatenate([np.einsum("nchwij,ocij->nohw", some, part) for some, part in parts], axis=1)


def _model(nodes: list[Any], values: dict[str, np.ndarray], shape: Any, output: str) -> Any:
    graph = helper.make_graph(
        nodes, "layer",
        [helper.make_tensor_value_info("x", TensorProto.FLOAT, shape)],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, None)],
        [numpy_helper.from_array(np.asarray(value), name) for name, value in values.items()],
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
