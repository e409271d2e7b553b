"""Small ONNX graphs as exporters of all kinds write them, each with what becomes of it when it is stamped."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from onnx import TensorProto, helper, numpy_helper

from cnnkit.foreign import InputFlags

FLOAT, HALF, BYTES, LONG = TensorProto.FLOAT, TensorProto.FLOAT16, TensorProto.UINT8, TensorProto.INT64
TAKEN = "taken"
UNIT = InputFlags(scale=1 / 255)
ONE_RELEASE_OF_EACH = range(7, 23)


class Case(NamedTuple):
    """A graph and what becomes of it."""

    make: Callable[[], Any]  # an onnx.ModelProto
    expected: str = TAKEN  # or a pattern of the message that asks or refuses
    flags: InputFlags = UNIT
    said: Mapping[str, Any] = MappingProxyType({})  # labels, head, output_name


def torch_like(
    *ends: tuple[str, Mapping[str, Any]],
    opset: int = 13,
    ir: int | None = None,
    shape: tuple[Any, ...] = ("n", 3, 8, 8),
    kind: int = FLOAT,
    units: int = 3,
    given: tuple[Any, ...] | None = ("n", 3),
    outputs: tuple[str, ...] = ("out",),
    metadata: Mapping[str, str] = MappingProxyType({}),
) -> Any:
    """Convolution, batch normalisation, activation, pooling and a Gemm, and operators behind them."""
    rng = np.random.default_rng(0)
    dtype = np.float16 if kind == HALF else np.float32
    values = {
        "conv.w": rng.normal(size=(4, 3, 3, 3)), "conv.b": rng.normal(size=4), "bn.g": rng.uniform(0.5, 1, 4),
        "bn.b": rng.normal(size=4), "bn.m": rng.normal(size=4), "bn.v": rng.uniform(0.5, 1, 4),
        "fc.w": rng.normal(size=(units, 4)), "fc.b": rng.normal(size=units),
    }  # fmt: skip
    numbers = {name: value.astype(dtype) for name, value in values.items()}
    channels = shape[1] if len(shape) == 4 and isinstance(shape[1], int) else 3
    numbers["conv.w"] = numbers["conv.w"][:, np.arange(channels) % 3]
    nodes = [
        helper.make_node("Conv", ["image", "conv.w", "conv.b"], ["a"], pads=[1, 1, 1, 1]),
        helper.make_node("BatchNormalization", ["a", "bn.g", "bn.b", "bn.m", "bn.v"], ["b"]),
        helper.make_node("Relu", ["b"], ["c"]),
        helper.make_node("GlobalAveragePool", ["c"], ["d"]),
        helper.make_node("Flatten", ["d"], ["e"]),
        helper.make_node("Gemm", ["e", "fc.w", "fc.b"], ["0"], transB=1),
    ]
    for index, (operator, attributes) in enumerate(ends or [("Softmax", {"axis": 1})]):
        nodes.append(helper.make_node(operator, [str(index)], [str(index + 1)], **attributes))
    nodes.append(helper.make_node("Identity", [nodes[-1].output[0]], [outputs[0]]))
    nodes += [helper.make_node("Identity", ["0"], [name]) for name in outputs[1:]]
    numbered = LONG if any(operator == "ArgMax" for operator, _ in ends) else kind
    graph = helper.make_graph(
        nodes, "net", [helper.make_tensor_value_info("image", kind, shape)],
        [helper.make_tensor_value_info(name, numbered, given) for name in outputs],
        [numpy_helper.from_array(value, name) for name, value in numbers.items()],
    )  # fmt: skip
    model = helper.make_model(
        graph, opset_imports=[helper.make_opsetid("", opset)], ir_version=ir or min(8, 3 + opset // 3)
    )
    helper.set_model_props(model, dict(metadata))
    return model


def channels_last(kind: int = BYTES) -> Any:
    """As TensorFlow's exporters write it: images as they lie in memory, a Transpose at the input."""
    model = torch_like()
    numbers = helper.make_node("Cast", ["pixels"], ["floats"], to=FLOAT)
    turned = helper.make_node("Transpose", ["floats"], ["image"], perm=[0, 3, 1, 2])
    for node in (turned, numbers):
        model.graph.node.insert(0, node)
    model.graph.input[0].CopyFrom(helper.make_tensor_value_info("pixels", kind, ["n", 8, 8, 3]))
    return model


def changed(change: Callable[[Any], Any], **options: Any) -> Any:
    """The usual graph, changed."""
    model = torch_like(**options)
    change(model)
    return model


def _weights_among_the_inputs(model):
    for tensor in model.graph.initializer:
        model.graph.input.append(helper.make_tensor_value_info(tensor.name, tensor.data_type, tensor.dims))


def _constants(model):
    for tensor in model.graph.initializer:
        model.graph.node.insert(0, helper.make_node("Constant", [], [tensor.name], value=tensor))
    del model.graph.initializer[:]


def _second_input(model):
    model.graph.input.append(helper.make_tensor_value_info("second", FLOAT, [1]))


def _no_shape(model):
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("out", FLOAT, None))


def _axes_of_one(model):
    model.graph.node[-1].CopyFrom(helper.make_node("Reshape", ["1", "sizes"], ["out"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array([-1, 3, 1, 1]), "sizes"))


def _written_out_softmax(model):
    del model.graph.node[-2:]
    model.graph.node.extend([
        helper.make_node("Exp", ["0"], ["powers"]),
        helper.make_node("ReduceSum", ["powers"], ["sum"], axes=[1], keepdims=1),
        helper.make_node("Div", ["powers", "sum"], ["out"]),
    ])  # fmt: skip


def _in_percent(model):
    model.graph.node[-1].CopyFrom(helper.make_node("Mul", ["1", "hundred"], ["out"]))
    model.graph.initializer.append(numpy_helper.from_array(np.array(100, np.float32), "hundred"))


def _dictionary_an_image(model):
    model.graph.node[-1].CopyFrom(
        helper.make_node("ZipMap", ["1"], ["out"], domain="ai.onnx.ml", classlabels_strings=["x", "y", "z"])
    )
    model.opset_import.append(helper.make_opsetid("ai.onnx.ml", 1))
    pairs = helper.make_map_type_proto(TensorProto.STRING, helper.make_tensor_type_proto(FLOAT, []))
    model.graph.output[0].type.CopyFrom(helper.make_sequence_type_proto(pairs))


def _names_of_classes(model):
    model.graph.node[-1].CopyFrom(helper.make_node("Identity", ["names"], ["out"]))
    model.graph.initializer.append(helper.make_tensor("names", TensorProto.STRING, [3], [b"a", b"b", b"c"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("out", TensorProto.STRING, [3]))


def _in_bytes(model):
    """Logits as whole numbers, whose scale is nowhere in what the graph gives."""
    add_numbers(model, step=np.array(0.05, np.float32), zero=np.array(128, np.uint8))
    model.graph.node[-1].CopyFrom(helper.make_node("QuantizeLinear", ["1", "step", "zero"], ["out"]))
    model.graph.output[0].CopyFrom(helper.make_tensor_value_info("out", BYTES, ["n", 3]))


def _noise(model):
    model.graph.node.insert(5, helper.make_node("RandomNormalLike", ["e"], ["noise"], scale=1.0))
    model.graph.node.insert(6, helper.make_node("Add", ["e", "noise"], ["noisy"]))
    model.graph.node[7].input[0] = "noisy"


def _one_image_alone(model):
    add_numbers(model, sizes=np.array([1, 3]))
    model.graph.node[-1].CopyFrom(helper.make_node("Reshape", ["1", "sizes"], ["out"]))


def _normalization_in_training(model):
    node = model.graph.node[1]
    node.attribute.append(helper.make_attribute("training_mode", 1))
    node.output.extend(["mean", "variance"])


def _classes_first(model):
    model.graph.node[-1].CopyFrom(helper.make_node("Transpose", ["1"], ["out"], perm=[1, 0]))


def _laid_flat(model):
    add_numbers(model, first=np.array([0]))
    model.graph.node[-1].CopyFrom(helper.make_node("Squeeze", ["1", "first"], ["out"]))


def add_numbers(model, **numbers):
    """Adds initializers by name."""
    model.graph.initializer.extend(numpy_helper.from_array(value, name) for name, value in numbers.items())


def _function(model):
    relu = helper.make_node("Relu", ["x"], ["y"])
    model.functions.append(helper.make_function("local", "Act", ["x"], ["y"], [relu], [helper.make_opsetid("", 13)]))
    model.opset_import.append(helper.make_opsetid("local", 1))
    model.graph.node[2].op_type, model.graph.node[2].domain = "Act", "local"


SOFTMAX, SIGMOID, ONE = ("Softmax", {"axis": 1}), ("Sigmoid", {}), {"units": 1, "given": ("n", 1)}
TWO = {"labels": "cat,dog"}
ANY = ("n", "c", "h", "w")
ONNX: dict[str, Case] = {
    **{f"opset {opset}": Case(lambda opset=opset: torch_like(opset=opset)) for opset in ONE_RELEASE_OF_EACH},
    "logits": Case(lambda: torch_like(("Identity", {}))),
    "log softmax": Case(lambda: torch_like(("LogSoftmax", {"axis": 1}))),
    "softmax written out": Case(lambda: changed(_written_out_softmax, opset=11)),
    "softmax in percent": Case(lambda: changed(_in_percent), "ends in Softmax and gives percent"),
    "softmax over the images": Case(lambda: torch_like(("Softmax", {"axis": 0})), "numbers that do not sum to 1"),
    "sigmoids": Case(lambda: torch_like(SIGMOID)),
    "sigmoids to follow": Case(lambda: torch_like(("Identity", {})), said={"head": "sigmoid-logits"}),
    "one sigmoid": Case(lambda: torch_like(SIGMOID, **ONE), said=TWO),
    "one logit": Case(lambda: torch_like(("Identity", {}), **ONE), said={**TWO, "head": "logits"}),
    "one logit, not said": Case(lambda: torch_like(("Identity", {}), **ONE), "say --head sigmoid if it is", said=TWO),
    "one sigmoid, three labels": Case(lambda: torch_like(SIGMOID, **ONE), "tells two labels apart, and there are 3"),
    "relu": Case(lambda: torch_like(("Relu", {})), "made by Relu: say --head softmax"),
    "argmax": Case(lambda: torch_like(SOFTMAX, ("ArgMax", {"axis": 1, "keepdims": 0}), given=("n",))),
    "two outputs": Case(lambda: torch_like(outputs=("out", "logits")), "has 2 outputs: say which with --output-name"),
    "one of two outputs": Case(lambda: torch_like(outputs=("out", "logits")), said={"output_name": "logits"}),
    "weights among the inputs": Case(lambda: changed(_weights_among_the_inputs, opset=8, ir=3)),
    "weights as constants": Case(lambda: changed(_constants)),
    "axes of one": Case(lambda: changed(_axes_of_one, given=("n", 3, 1, 1))),
    "no shape of the output": Case(lambda: changed(_no_shape)),
    "a dictionary an image": Case(lambda: changed(_dictionary_an_image), "gives seq.map.* as out, expected a"),
    "names of classes": Case(lambda: changed(_names_of_classes), "gives tensor.string. as out, expected a"),
    "a function of its own": Case(lambda: changed(_function)),
    "whole numbers given": Case(lambda: changed(_in_bytes), "gives uint8 as out, expected probabilities or logits in"),
    "noise": Case(lambda: changed(_noise), "the same image otherwise each time: its dropout or noise"),
    "open in name alone": Case(lambda: changed(_one_image_alone), "takes any number of images, and cannot be run with"),
    "normalization in training": Case(lambda: changed(_normalization_in_training, opset=15),
                                      "answers an image otherwise beside others than alone"),
    "classes first": Case(lambda: changed(_classes_first, given=(3, "n")), "for 1 images, expected a row"),
    "one image, laid flat": Case(lambda: changed(_laid_flat, shape=(1, 3, 8, 8), given=(3,))),
    "one image of two, laid flat": Case(lambda: changed(_laid_flat, shape=(1, 3, 8, 8), given=(2,), units=2), said=TWO),
    "no image at a time": Case(lambda: torch_like(shape=(0, 3, 8, 8)), "no image at a time, expected 1 or more"),
    "one image at a time": Case(lambda: torch_like(shape=(1, 3, 8, 8), given=(1, 3))),
    "four images at a time": Case(lambda: torch_like(shape=(4, 3, 8, 8), given=(4, 3))),
    "any size": Case(lambda: torch_like(shape=("n", 3, "h", "w")), "does not say its input size: add --size"),
    "any size, said": Case(lambda: torch_like(shape=("n", 3, "h", "w")), flags=InputFlags(1 / 255, size=(8, 8))),
    "nothing said of the input": Case(lambda: torch_like(shape=ANY), "say --layout nchw", InputFlags(1, size=(8, 8))),
    "layout said": Case(lambda: torch_like(shape=ANY), flags=InputFlags(1 / 255, size=(8, 8), layout="nchw")),
    "float16": Case(lambda: torch_like(kind=HALF)),
    "bytes, channels last": Case(channels_last, flags=InputFlags()),
    "floats, channels last": Case(lambda: channels_last(FLOAT)),
    "whole numbers": Case(lambda: channels_last(LONG), "takes tensor.int64., expected uint8, float32, float16"),
    "four channels": Case(lambda: torch_like(shape=("n", 4, 8, 8)), "images of 4 channels, expected 3"),
    "two inputs": Case(lambda: changed(_second_input), "has 2 inputs, expected one: the image"),
    "scaling not said": Case(torch_like, "wants its pixels is unknown: say --scale", InputFlags()),
    "labels not said": Case(torch_like, "does not say its class names: add --labels", said={"labels": None}),
    "labels in the metadata": Case(lambda: torch_like(metadata={"names": "{0: 'a', 1: 'b', 2: 'c'}"}),
                                   said={"labels": None}),
    "two labels": Case(torch_like, "gives 3 numbers an image and there are 2 labels", said=TWO),
}  # fmt: skip
