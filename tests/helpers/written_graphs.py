"""A small network as many exporters may write it, with its counts by hand."""

from __future__ import annotations

from math import prod
from pathlib import Path

import numpy as np

SIDE, CLASSES = 20, 5
# Operator, channels out, kernel, stride, groups.
NETWORK = (
    ("Conv", 8, 3, 2, 1),
    ("Conv", 8, 5, 1, 8),
    ("Conv", 12, 3, 1, 4),
    ("ConvTranspose", 6, 2, 2, 2),
    ("Conv", 10, 1, 1, 1),
)


class Written:
    """A network written as an exporter may: weights, sizes and names in one of the ways that ONNX allows."""

    def __init__(self, *, weights="initializers", names=True, size: object = SIDE, side=SIDE, batch: object = "n"):
        from onnx import TensorProto, helper, numpy_helper

        self.helper, self.numpy_helper = helper, numpy_helper
        self.weights, self.names = weights, names
        self.nodes, self.initializers, self.rng = [], [], np.random.default_rng(0)
        self.parameters = self.products = 0
        tensor, channels = self.node("Div", "image", self.plain(np.float32([50, 60, 70]).reshape(1, 3, 1, 1))), 3
        for operator, out, kernel, stride, groups in NETWORK:
            tensor, channels, side = self.layer(operator, tensor, channels, side, out, kernel, stride, groups)
            low, high = self.plain(np.float32(0)), self.plain(np.float32(6))
            tensor = self.node("Clip", tensor, low, high)
        tensor = self.node("Flatten", self.node("GlobalAveragePool", tensor))
        tensor = self.node("MatMul", tensor, self.weight(channels, 7))
        tensor = self.node("Add", tensor, self.weight(7))
        tensor = self.node("Gemm", tensor, self.weight(CLASSES, 7), self.weight(CLASSES), transB=1)
        self.products += channels * 7 + 7 * CLASSES
        self.nodes[-1].output[0] = "out"
        image = helper.make_tensor_value_info("image", TensorProto.FLOAT, [batch, 3, size, size])
        out = helper.make_tensor_value_info("out", TensorProto.FLOAT, [batch, CLASSES])
        inputs = [image]
        if weights == "inputs":
            inputs += [helper.make_tensor_value_info(t.name, t.data_type, t.dims) for t in self.initializers]
        graph = helper.make_graph(self.nodes, "g", inputs, [out], self.initializers)
        ir_version = 3 if weights == "inputs" else 8
        self.model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 13)], ir_version=ir_version)

    def layer(self, operator, tensor, channels, side, out, kernel, stride, groups):
        first = (out, channels // groups) if operator == "Conv" else (channels, out // groups)
        weight, bias = self.weight(*first, kernel, kernel), self.weight(out)
        pad = 0 if operator == "ConvTranspose" else kernel // 2
        tensor = self.node(operator, tensor, weight, bias, group=groups, strides=[stride] * 2, pads=[pad] * 4)
        after = side * stride if operator == "ConvTranspose" else -(-side // stride)
        # torch: out * (in / groups) * k * k at each place of the output; transposed, at each place of the input.
        places = side**2 if operator == "ConvTranspose" else after**2
        self.products += places * out * (channels // groups) * kernel**2
        return tensor, out, after

    def node(self, operator, *inputs, **attributes):
        output = f"t{len(self.nodes)}"
        name = f"node{len(self.nodes)}" if self.names else ""
        self.nodes.append(self.helper.make_node(operator, list(inputs), [output], name, **attributes))
        return output

    def plain(self, value):
        """A constant that is no weight."""
        if self.weights in ("constants", "dequantized"):
            tensor = self.numpy_helper.from_array(np.asarray(value))
            return self.node("Constant", value=tensor)
        name = f"c{len(self.initializers)}"
        self.initializers.append(self.numpy_helper.from_array(np.asarray(value), name))
        return name

    def weight(self, *shape):
        self.parameters += prod(shape)
        if self.weights == "dequantized":
            integers = self.rng.integers(-50, 50, shape).astype(np.int8)
            scale, zero = self.plain(np.full(shape[0], 0.01, np.float32)), self.plain(np.zeros(shape[0], np.int8))
            return self.node("DequantizeLinear", self.plain(integers), scale, zero, axis=0)
        return self.plain(self.rng.normal(0, 0.1, shape).astype(np.float32))


WAYS = {
    "initializers": {},
    "without names": {"names": False},
    "constants": {"weights": "constants", "names": False},
    "dequantized constants": {"weights": "dequantized"},
    "IR 3": {"weights": "inputs"},
    "a batch of four": {"batch": 4},
}


def saved(path: Path, model) -> Path:
    path.write_bytes(model.SerializeToString())
    return path
