"""Batch normalisation behind an activation goes into the layers around it, and the answers stay."""

from __future__ import annotations

import numpy as np
import onnxruntime
import pytest
from onnx import TensorProto, helper, numpy_helper

from cnnkit.export.graph.affine_folding import fold_affines

CHANNELS, SIZE = 6, 8
STEP = (1, CHANNELS, 1, 1)


class Chain:
    """A graph that grows by a node behind what it gave last."""

    def __init__(self, shape=(CHANNELS, SIZE, SIZE)):
        self.rng = np.random.default_rng(len(shape))
        self.nodes, self.values, self.last, self.shape = [], {}, "image", shape

    def add(self, operator, *constants, before=(), **said):
        """Adds a node that takes what was given last, or `before` it, and constants."""
        name = f"{operator}_{len(self.nodes)}"
        names = [f"{name}.{place}" for place in range(len(constants))]
        self.values |= dict(zip(names, (np.asarray(value, np.float32) for value in constants), strict=True))
        self.nodes.append(helper.make_node(operator, [*before, self.last, *names], [name], name, **said))
        self.last = name
        return self

    def conv(self, inputs=CHANNELS, outputs=CHANNELS, *, group=1, **said):
        weight = self.rng.normal(0, 0.3, (outputs, inputs // group, 3, 3))
        return self.add("Conv", weight, self.rng.normal(0, 1, outputs), group=group, **said)

    def dense(self, inputs, outputs, **said):
        shape = (outputs, inputs) if said.get("transB") else (inputs, outputs)
        return self.add("Gemm", self.rng.normal(0, 0.3, shape), self.rng.normal(0, 1, outputs), **said)

    def reshape(self, *shape):
        self.values["shape"] = np.array([0, *shape], np.int64)
        self.nodes.append(helper.make_node("Reshape", [self.last, "shape"], ["reshaped"], "reshaped"))
        self.last = "reshaped"
        return self

    def normalised(self, shape=STEP, scale=None, shift=None):
        """What Keras' batch normalisation becomes."""
        count = int(np.prod(shape))
        scale = self.rng.uniform(0.5, 2, count) if scale is None else scale
        shift = self.rng.normal(0, 1, count) if shift is None else shift
        return self.add("Mul", np.reshape(scale, shape)).add("Add", np.reshape(shift, shape))

    def model(self, *outputs):
        graph = helper.make_graph(
            self.nodes, "chain",
            [helper.make_tensor_value_info("image", TensorProto.FLOAT, ["batch", *self.shape])],
            [helper.make_tensor_value_info(name, TensorProto.FLOAT, None) for name in (*outputs, self.last)],
            [numpy_helper.from_array(value, name) for name, value in self.values.items()],
        )  # fmt: skip
        return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def start(**said):
    """A convolution and its ReLU."""
    return Chain().conv(**said).add("Relu")


def mixed(seed=1):
    """Factors of which some are negative."""
    values = np.random.default_rng(seed).uniform(0.5, 2, CHANNELS)
    values[::2] *= -1
    return values


def folded(model):
    """Folds, compares, and returns how often and the operators that are left."""
    shape = [dim.dim_value for dim in model.graph.input[0].type.tensor_type.shape.dim][1:]
    images = np.random.default_rng(8).normal(0, 1, (3, *shape)).astype(np.float32)
    expected, count = run(model, images), fold_affines(model)
    for before, after in zip(expected, run(model, images), strict=True):
        assert before.shape == after.shape and np.ptp(before) > 0.1
        np.testing.assert_allclose(after, before, atol=2e-5 * np.abs(before).max())
    return count, [node.op_type for node in model.graph.node]


def run(model, images):
    session = onnxruntime.InferenceSession(model.SerializeToString(), providers=["CPUExecutionProvider"])
    return session.run(None, {"image": images})


PADDED = {"pads": [1] * 4}
BN = [
    np.linspace(0.5, 2, CHANNELS),
    np.linspace(-1, 1, CHANNELS),
    np.linspace(0, 1, CHANNELS),
    np.linspace(1, 3, CHANNELS),
]


@pytest.mark.parametrize(
    ("chain", "left"),
    [
        pytest.param(lambda: start().normalised().conv(), "Conv Relu Conv", id="convolution"),
        pytest.param(lambda: start().normalised((CHANNELS, 1, 1)).conv(), "Conv Relu Conv", id="without batch"),
        pytest.param(lambda: start().normalised(scale=mixed()).conv(), "Conv Relu Conv", id="negative"),
        pytest.param(lambda: start().add("BatchNormalization", *BN).conv(), "Conv Relu Conv", id="its own operator"),
        pytest.param(lambda: start().add("Mul", 3.0).conv(**PADDED), "Conv Relu Conv", id="a factor, padded"),
        pytest.param(
            lambda: start().add("Mul", mixed().reshape(STEP)).conv(**PADDED), "Conv Relu Conv", id="signs, padded"
        ),
        pytest.param(lambda: start().add("Sub", 3.0).add("Div", 2.0).conv(), "Conv Relu Conv", id="Sub and Div"),
        pytest.param(lambda: start().add("Add", 3.0).conv(), "Conv Relu Conv", id="Add alone"),
        pytest.param(lambda: start().normalised().conv(group=3), "Conv Relu Conv", id="groups"),
        pytest.param(lambda: start().normalised().conv(group=CHANNELS), "Conv Relu Conv", id="depthwise"),
        pytest.param(lambda: start(group=2).normalised().conv(), "Conv Relu Conv", id="behind groups"),
        pytest.param(
            lambda: start().normalised().add("MaxPool", kernel_shape=[2, 2]).conv(), "Conv Relu MaxPool Conv",
            id="largest",
        ),
        pytest.param(
            lambda: start().normalised(scale=mixed()).add("AveragePool", kernel_shape=[2, 2]).conv(),
            "Conv Relu AveragePool Conv", id="mean",
        ),
        pytest.param(
            lambda: start().add("MaxPool", kernel_shape=[2, 2]).normalised().conv(), "Conv Relu MaxPool Conv",
            id="behind a pool",
        ),
        pytest.param(
            lambda: start().normalised().add("GlobalMaxPool").add("Flatten").dense(CHANNELS, 4),
            "Conv Relu GlobalMaxPool Flatten Gemm", id="largest of all",
        ),
        pytest.param(
            lambda: start().normalised(scale=mixed()).add("GlobalAveragePool").add("Flatten").dense(6, 4, transB=1),
            "Conv Relu GlobalAveragePool Flatten Gemm", id="mean of all",
        ),
        pytest.param(
            lambda: start().normalised().add("Transpose", perm=[0, 2, 3, 1]).reshape(216).dense(216, 4),
            "Conv Relu Transpose Reshape Gemm", id="flattened pixel by pixel",
        ),
        pytest.param(
            lambda: start().normalised().add("Flatten").dense(216, 4), "Conv Relu Flatten Gemm",
            id="flattened plane by plane",
        ),
        pytest.param(
            lambda: Chain((5,)).dense(5, CHANNELS).add("Relu").normalised((CHANNELS,)).dense(CHANNELS, 3),
            "Gemm Relu Gemm", id="dense",
        ),
        pytest.param(
            lambda: Chain().conv().add("LeakyRelu", alpha=0.2).normalised(scale=mixed()).conv(), "Conv LeakyRelu Conv",
            id="leaky",
        ),
        pytest.param(
            lambda: Chain().conv().add("PRelu", np.full((CHANNELS, 1, 1), 0.3)).normalised().conv(), "Conv PRelu Conv",
            id="a slope a channel",
        ),
        pytest.param(
            lambda: start().normalised().conv().add("Relu").normalised().conv(), "Conv Relu Conv Relu Conv", id="two"
        ),
    ],
)  # fmt: skip
def test_all_of_it_is_folded(chain, left):
    count, operators = folded(chain().model())
    assert " ".join(operators) == left and count >= 1


@pytest.mark.parametrize(
    ("chain", "left"),
    [
        pytest.param(lambda: start().normalised().conv(**PADDED), "Conv Relu Add Conv", id="padded"),
        pytest.param(
            lambda: start().normalised().conv(auto_pad="SAME_UPPER"), "Conv Relu Add Conv", id="padded by itself"
        ),
        pytest.param(lambda: start().normalised(), "Conv Relu Mul Add", id="the last of all"),
        pytest.param(
            lambda: start().normalised().add("Sigmoid").conv(), "Conv Relu Add Sigmoid Conv", id="before an activation"
        ),
        pytest.param(
            lambda: start().normalised(scale=mixed()).add("MaxPool", kernel_shape=[2, 2]).conv(),
            "Conv Relu Mul Add MaxPool Conv", id="largest of negatives",
        ),
        pytest.param(
            lambda: start().normalised(scale=mixed()).conv(**PADDED), "Conv Relu Mul Add Conv", id="negative, padded"
        ),
        pytest.param(
            lambda: start().normalised(scale=[0, 1, 1, 1, 1, 1]).conv(), "Conv Relu Mul Add Conv", id="a dead channel"
        ),
        pytest.param(
            lambda: Chain().conv().add("Clip", 0.0, 1.0).normalised().conv(), "Conv Clip Mul Add Conv", id="ReLU6"
        ),
        pytest.param(lambda: Chain().normalised().conv(), "Mul Add Conv", id="of the image"),
        pytest.param(lambda: start().normalised((1, 1, 1, 6)).conv(), "Conv Relu Mul Add Conv", id="by column"),
        pytest.param(
            lambda: start().normalised().add("AveragePool", kernel_shape=[2, 2], **PADDED).conv(),
            "Conv Relu Add AveragePool Conv", id="padded mean",
        ),
        pytest.param(
            lambda: start().normalised().add("Transpose", perm=[0, 2, 3, 1]).reshape(CHANNELS, 6, 6).conv(),
            "Conv Relu Add Transpose Reshape Conv", id="mixed planes",
        ),
    ],
)  # fmt: skip
def test_what_cannot_be_folded_stays(chain, left):
    _, operators = folded(chain().model())
    assert " ".join(operators) == left


def test_all_who_take_it_are_changed():
    chain = start().normalised()
    both = chain.last
    first = chain.conv().last
    chain.last = both
    count, operators = folded(chain.conv(group=2).model(first))
    assert (count, operators) == (1, ["Conv", "Relu", "Conv", "Conv"])


def test_where_one_of_them_cannot_it_stays():
    chain = start().normalised()
    both = chain.last
    first = chain.conv(**PADDED).last
    chain.last = both
    _, operators = folded(chain.conv().model(first))
    assert operators == ["Conv", "Relu", "Add", "Conv", "Conv"]


def test_a_sum_keeps_what_it_adds():
    chain = start().normalised()
    shortcut = chain.last
    _, operators = folded(chain.conv(**PADDED).add("Add", before=(shortcut,)).model())
    assert operators == ["Conv", "Relu", "Add", "Conv", "Add"]


def test_an_activation_that_others_take_stays_as_it_is():
    chain = start()
    activated = chain.last
    _, operators = folded(chain.normalised().conv().model(activated))
    assert operators == ["Conv", "Relu", "Mul", "Add", "Conv"]


def test_weights_that_two_layers_share_become_two():
    chain = start().normalised().conv()
    chain.nodes[-1].input[1:] = chain.nodes[0].input[1:]
    count, operators = folded(chain.model())
    assert (count, operators) == (1, ["Conv", "Relu", "Conv"])
