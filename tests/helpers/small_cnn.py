"""A small CNN as ONNX that tells three colours apart, and noisy images of them; no Keras needed."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np

from cnnkit.runtime import encode_golden
from cnnkit.spec import METADATA_KEY, InputSpec, ModelSpec, write_spec

COLOURS = {"blue": (40, 60, 210), "green": (60, 190, 70), "red": (210, 60, 50)}
SMALL_SPEC = ModelSpec(labels=tuple(COLOURS), input=InputSpec(height=16, width=16, channels=3))
SCALED_BY_TWO_NUMBERS = (("Mul", 1 / 64), ("Add", -121 / 64))  # (pixel - 121) / 64


def colour_images(count: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """(3 * count, 16, 16, 3) uint8 RGB noisy images and their targets, the classes in turn."""
    rng = np.random.default_rng(seed)
    targets = np.arange(3 * count) % 3
    means = np.array(list(COLOURS.values()))[targets][:, None, None]
    return np.clip(means + rng.normal(0, 60, (3 * count, 16, 16, 3)), 0, 255).astype(np.uint8), targets


def write_class_folders(folder: Path, count: int, seed: int = 0) -> Path:
    """Writes `count` PNG images of each colour to folder/COLOUR/NUMBER.png."""
    for index, (image, target) in enumerate(zip(*colour_images(count, seed), strict=True)):
        path = folder / SMALL_SPEC.labels[target] / f"{index:04}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(cv2.imencode(".png", image[..., ::-1])[1].tobytes())
    return folder


def small_graph(steps: tuple[tuple[str, Any], ...] = SCALED_BY_TWO_NUMBERS, *, head: np.ndarray | None = None) -> Any:
    """A graph of four convolutions, one of them around an addition, behind a cast and the arithmetic `steps`.

    Args:
        steps: Operator and constant each, applied to the image in NHWC; "Transpose" with None turns it to NCHW there.
        head: (8, 3) float32 weights of the dense layer; None ends with the eight features.
    """
    from onnx import TensorProto, helper, numpy_helper

    rng = np.random.default_rng(3)
    constants: dict[str, np.ndarray] = {}
    nodes: list[Any] = []

    def add(operator: str, tensor: str, *values: np.ndarray, **attributes: Any) -> str:
        name = f"{operator.lower()}{len(nodes)}"
        names = [f"{name}.{index}" for index in range(len(values))]
        constants.update(zip(names, values, strict=True))
        nodes.append(helper.make_node(operator, [tensor, *names], [name], name, **attributes))
        return name

    def conv(tensor: str, channels: int, stride: int = 1) -> str:
        weight = rng.normal(0, (2 / (9 * channels)) ** 0.5, (8, channels, 3, 3)).astype(np.float32)
        bias = rng.normal(0, 0.1, 8).astype(np.float32)
        return add("Conv", tensor, weight, bias, pads=[1, 1, 1, 1], strides=[stride, stride])

    tensor = add("Cast", "image", to=TensorProto.FLOAT)
    for operator, value in steps:
        if operator == "Transpose":
            tensor = add("Transpose", tensor, perm=[0, 3, 1, 2])
        else:
            tensor = add(operator, tensor, np.asarray(value, np.float32))
    if ("Transpose", None) not in steps:
        tensor = add("Transpose", tensor, perm=[0, 3, 1, 2])
    tensor = add("Relu", conv(tensor, 3))
    tensor = add("Relu", conv(tensor, 8, stride=2))
    inner = conv(add("Relu", conv(tensor, 8)), 8)
    nodes.append(helper.make_node("Add", [inner, tensor], ["sum"], "sum"))
    tensor = add("Flatten", add("GlobalAveragePool", add("Relu", "sum")))
    if head is not None:
        tensor = add("Softmax", add("Gemm", tensor, head, np.zeros(3, np.float32)))
    output = "features" if head is None else "probabilities"
    nodes.append(helper.make_node("Identity", [tensor], [output], "output"))
    graph = helper.make_graph(
        nodes,
        "small",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 16, 16, 3])],
        [helper.make_tensor_value_info(output, TensorProto.FLOAT, ["batch", 8 if head is None else 3])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )
    return helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)


def run_graph(model: Any, images: np.ndarray) -> np.ndarray:
    """What onnxruntime answers."""
    import onnxruntime

    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    session = onnxruntime.InferenceSession(model.SerializeToString(), options, providers=["CPUExecutionProvider"])
    return session.run(None, {"image": images})[0]


def trained_graph(steps: tuple[tuple[str, Any], ...] = SCALED_BY_TWO_NUMBERS) -> Any:
    """The small graph with a dense layer fitted to the colours by least squares."""
    images, targets = colour_images(100, seed=9)
    features = run_graph(small_graph(steps), images)
    wanted = 8 * (np.eye(3)[targets] - 1 / 3)
    head = np.linalg.lstsq(features, wanted, rcond=None)[0].astype(np.float32)
    return small_graph(steps, head=head)


def save_small(path: Path, model: Any, **changes: Any) -> Path:
    """Writes a graph with a spec and golden images, the spec changed where asked for."""
    from onnx import helper

    images, _ = colour_images(4, seed=7)
    spec = replace(SMALL_SPEC, **{"golden": encode_golden(images, run_graph(model, images)), **changes})
    helper.set_model_props(model, {METADATA_KEY: write_spec(spec)})
    path.write_bytes(model.SerializeToString())
    return path
