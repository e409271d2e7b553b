"""Counts by hand of layers as they are rarely written: one to three nodes each, weights held in two ways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import onnx
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnkit.export.graph.counting import Counts, count, graph_layers

# An operator, its inputs and its output, and attributes.
Step = tuple[str, list[str], str, dict[str, Any]]


@dataclass(frozen=True)
class Odd:
    """A small graph that takes x, and its weights: shapes, or integers that are settings."""

    image: list[int | str]
    steps: list[Step]
    weights: dict[str, tuple[int, ...] | np.ndarray] = field(default_factory=dict)
    size: tuple[int, int] | None = None


def built(odd: Odd, *, as_constants: bool) -> onnx.ModelProto:
    """Writes the graph; as Constant nodes weights come from nodes without names."""
    rng = np.random.default_rng(0)
    arrays = {
        name: what if isinstance(what, np.ndarray) else rng.normal(size=what).astype(np.float32)
        for name, what in odd.weights.items()
    }
    tensors = [numpy_helper.from_array(array, name) for name, array in arrays.items()]
    nodes = [helper.make_node(name, inputs, [output], **given) for name, inputs, output, given in odd.steps]
    if as_constants:
        nodes = [*(helper.make_node("Constant", [], [tensor.name], value=tensor) for tensor in tensors), *nodes]
    graph = helper.make_graph(
        nodes, "odd", [helper.make_tensor_value_info("x", TensorProto.FLOAT, odd.image)],
        [helper.make_tensor_value_info(odd.steps[-1][2], TensorProto.FLOAT, None)], [] if as_constants else tensors,
    )  # fmt: skip
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def layer(operator: str, inputs: str = "x w", output: str = "y", **attributes: Any) -> Step:
    return operator, inputs.split(), output, attributes


SQUARE: list[int | str] = ["n", 8, 6, 6]
CASES: Mapping[str, tuple[Odd, Counts]] = {
    "convolution of a row": (
        Odd(["n", 8, 32], [layer("Conv", "x w b", pads=[1, 1])], {"w": (16, 8, 3), "b": (16,)}),
        Counts(16 * 8 * 3 + 16, 16 * 32 * 8 * 3),
    ),
    "convolution of a room": (
        Odd(["n", 2, 6, 6, 6], [layer("Conv")], {"w": (4, 2, 3, 3, 3)}), Counts(4 * 2 * 27, 4 * 64 * 2 * 27),
    ),
    "groups": (Odd(SQUARE, [layer("Conv", group=2)], {"w": (12, 4, 3, 3)}), Counts(12 * 4 * 9, 12 * 16 * 4 * 9)),
    "two outputs a channel": (Odd(SQUARE, [layer("Conv", group=8)], {"w": (16, 1, 3, 3)}), Counts(144, 16 * 16 * 9)),
    "dilated": (Odd(SQUARE, [layer("Conv", dilations=[2, 2])], {"w": (4, 8, 3, 3)}), Counts(288, 4 * 4 * 72)),
    "transposed": (
        Odd(
            SQUARE, [layer("ConvTranspose", "x w b", strides=[2, 2], pads=[1, 1, 1, 1], output_padding=[1, 1])],
            {"w": (8, 4, 3, 3), "b": (4,)},
        ),
        Counts(8 * 4 * 9 + 4, 8 * 36 * 4 * 9),
    ),
    "transposed, groups": (
        Odd(SQUARE, [layer("ConvTranspose", group=2)], {"w": (8, 4, 3, 3)}), Counts(8 * 4 * 9, 8 * 36 * 4 * 9),
    ),
    "one channel": (
        Odd(
            ["n", 1, 6, 6], [layer("Conv", "x w b", "z"), layer("BatchNormalization", "z s o m v")],
            {"w": (1, 1, 1, 1), **{name: (1,) for name in "bsom"}, "v": np.ones(1, np.float32)},
        ),
        Counts(6, 36),
    ),
    "one slope for all": (
        Odd(SQUARE, [layer("Conv", "x w", "z"), layer("PRelu", "z a")], {"w": (4, 8, 3, 3), "a": (1, 1, 1)}),
        Counts(4 * 8 * 9 + 1, 4 * 16 * 72),
    ),
    "weights first": (Odd(["n", 8, 5], [layer("MatMul", "w x")], {"w": (6, 8)}), Counts(48, 6 * 8 * 5)),
    "a vector": (Odd(["n", 8], [layer("MatMul")], {"w": (8,)}), Counts(8, 8)),
    "attention": (
        Odd(
            ["n", 10, 8],
            [
                layer("MatMul", "x q", "queries"), layer("MatMul", "x k", "keys"),
                layer("Transpose", "keys", "turned", perm=[0, 2, 1]), layer("MatMul", "queries turned"),
            ],
            {"q": (8, 4), "k": (8, 4)},
        ),
        Counts(64, 2 * 10 * 8 * 4 + 10 * 4 * 10),
    ),
    "both turned": (
        Odd(
            ["n", 8], [layer("Transpose", "x", "t", perm=[1, 0]), layer("Gemm", "t w b", transA=1, transB=1)],
            {"w": (5, 8), "b": (5,)},
        ),
        Counts(45, 40),
    ),
    "one unit": (Odd(["n", 8], [layer("Gemm", "x w b")], {"w": (8, 1), "b": (1,)}), Counts(9, 8)),
    "one unit, a sum": (
        Odd(["n", 8], [layer("MatMul", "x w", "z"), layer("Add", "z b")], {"w": (8, 1), "b": (1,)}), Counts(9, 8),
    ),
    "a number that is a setting": (
        Odd(["n", 8], [layer("MatMul", "x w", "z"), layer("Add", "z e")], {"w": (8, 4), "e": (1,)}), Counts(32, 32),
    ),
    "scaled weights": (
        Odd(SQUARE, [layer("Mul", "s v", "w"), layer("Conv")], {"s": (4, 1, 1, 1), "v": (4, 8, 3, 3)}),
        Counts(4 + 288, 4 * 16 * 72),
    ),
    "weights times a number": (
        Odd(SQUARE, [layer("Mul", "s v", "w"), layer("Conv")], {"s": (1,), "v": (4, 8, 3, 3)}),
        Counts(288, 4 * 16 * 72),
    ),
    "weights of half": (
        Odd(
            SQUARE, [layer("Cast", "h", "w", to=TensorProto.FLOAT), layer("Conv")],
            {"h": np.ones((4, 8, 3, 3), np.float16)},
        ),
        Counts(288, 4 * 16 * 72),
    ),
    "weights of two matrices": (
        Odd(["n", 8], [layer("MatMul", "u v", "w"), layer("MatMul")], {"u": (8, 2), "v": (2, 5)}), Counts(26, 40),
    ),
    "weights taken twice, once turned": (
        Odd(
            ["n", 8],
            [layer("MatMul", "x w", "z"), layer("Transpose", "w", "t", perm=[1, 0]), layer("MatMul", "z t")],
            {"w": (8, 5)},
        ),
        Counts(40, 80),
    ),
    "einsum with dots": (
        Odd(["n", 4, 6, 8], [layer("Einsum", equation="...c,cd->...d")], {"w": (8, 5)}), Counts(40, 4 * 6 * 8 * 5),
    ),
    "einsum without an arrow": (Odd(["n", 8], [layer("Einsum", equation="bc, cd")], {"w": (8, 5)}), Counts(40, 40)),
    "einsum of three": (
        Odd(["n", 8], [layer("Einsum", "x u v", equation="bc,cd,de->be")], {"u": (8, 5), "v": (5, 3)}),
        Counts(55, 8 * 5 + 5 * 3),
    ),
    "einsum of one": (
        Odd(SQUARE, [layer("Einsum", "x", "t", equation="bchw->bhwc"), layer("MatMul", "t w")], {"w": (8, 5)}),
        Counts(40, 36 * 8 * 5),
    ),
    "recurrent": (
        Odd(
            ["n", 5, 4],
            [layer("Transpose", "x", "t", perm=[1, 0, 2]), layer("LSTM", "t w r b", hidden_size=6)],
            {"w": (1, 24, 4), "r": (1, 24, 6), "b": (1, 48)},
        ),
        Counts(24 * 10 + 48, 5 * 24 * 10),
    ),
    "a batch of four": (
        Odd(
            [4, 3, 6, 6], [layer("Conv", "x w", "z"), layer("Flatten", "z", "f"), layer("Gemm", "f v")],
            {"w": (4, 3, 3, 3), "v": (64, 5)},
        ),
        Counts(108 + 320, 4 * 16 * 27 + 320),
    ),
    "a batch that is a dimension": (
        Odd(
            ["n", 4, 6, 8], [layer("Reshape", "x s", "r"), layer("MatMul", "r w")],
            {"s": np.array([-1, 8]), "w": (8, 5)},
        ),
        Counts(40, 24 * 8 * 5),
    ),
    "any size": (
        Odd(
            ["n", 3, "height", "width"],
            [
                layer("Conv", "x w", "z"), layer("GlobalAveragePool", "z", "p"), layer("Flatten", "p", "f"),
                layer("Gemm", "f v b"),
            ],
            {"w": (4, 3, 3, 3), "v": (4, 5), "b": (5,)}, (20, 30),
        ),
        Counts(108 + 25, 4 * 18 * 28 * 27 + 20),
    ),
    "weights that are the image's": (
        Odd([1, 3, 6, 6], [layer("GlobalAveragePool", "x", "p"), layer("Conv", "x p")]), Counts(0, 36 * 3),
    ),
}  # fmt: skip


@pytest.mark.parametrize("as_constants", [False, True], ids=["initializers", "constants"])
@pytest.mark.parametrize("name", CASES)
def test_counts_by_hand(name, as_constants):
    odd, expected = CASES[name]
    model = built(odd, as_constants=as_constants)
    assert count(model, odd.size) == expected
    listed = graph_layers(model, odd.size)
    assert sum(each.parameters for each in listed) == expected.parameters
    assert sum(each.multiply_adds for each in listed) == expected.multiply_adds
