"""Tiny ONNX models whose answers can be told beforehand, and images of one colour for them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np

from cnnkit.classifier import softmax
from cnnkit.runtime import encode_golden
from cnnkit.spec import METADATA_KEY, InputSpec, ModelSpec, write_spec

COLORS = {"red": (255, 0, 0), "green": (0, 255, 0), "blue": (0, 0, 255), "black": (0, 0, 0), "white": (255, 255, 255)}
TINY_SPEC = ModelSpec(labels=("red", "green", "blue"), input=InputSpec(height=8, width=8, channels=3))


def solid(color: str, height: int = 8, width: int = 8) -> np.ndarray:
    """(height, width, 3) uint8 RGB of one colour."""
    return np.full((height, width, 3), COLORS[color], np.uint8)


def tiny_answer(images: np.ndarray) -> np.ndarray:
    """What the tiny model answers: the softmax of four times the mean red, green and blue, from 0 to 1."""
    return softmax(images.astype(np.float32).mean(axis=(1, 2)) / 255 * 4)


def build_tiny_onnx(
    spec: ModelSpec | None = TINY_SPEC,
    *,
    size: int = 8,
    layout: str = "nhwc",
    dtype: str = "uint8",
    output: str = "probabilities",
    output_dtype: str = "float32",
    batch: str | int = "batch",
    opset: int = 17,
    metadata: dict[str, str] | None = None,
    extra_input: bool = False,
    external: str | None = None,
) -> bytes:
    """A graph that names the strongest of red, green and blue, whatever the spec beside it says."""
    from onnx import TensorProto, helper, numpy_helper

    number = {"uint8": TensorProto.UINT8, "float32": TensorProto.FLOAT, "float16": TensorProto.FLOAT16}
    gain = numpy_helper.from_array(np.full(3, 4 / 255, np.float32), "gain")
    if external is not None:
        gain.ClearField("raw_data")
        gain.data_location = TensorProto.EXTERNAL
        gain.external_data.add(key="location", value=external)
    shape = [batch, size, size, 3] if layout == "nhwc" else [batch, 3, size, size]
    axes = [1, 2] if layout == "nhwc" else [2, 3]
    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["means"], axes=axes, keepdims=0),
        helper.make_node("Mul", ["means", "gain"], ["scaled"]),
        helper.make_node("Softmax" if output == "probabilities" else "Identity", ["scaled"], ["answers"]),
        helper.make_node("Cast", ["answers"], [output], to=number[output_dtype]),
    ]
    inputs = [helper.make_tensor_value_info("image", number[dtype], shape)]
    if extra_input:
        inputs.append(helper.make_tensor_value_info("second", TensorProto.FLOAT, [1]))
    outputs = [helper.make_tensor_value_info(output, number[output_dtype], [batch, 3])]
    model = helper.make_model(
        helper.make_graph(nodes, "tiny", inputs, outputs, [gain]),
        opset_imports=[helper.make_opsetid("", opset)],
        ir_version=8,
    )
    entries = {**({} if spec is None else {METADATA_KEY: write_spec(spec)}), **(metadata or {})}
    helper.set_model_props(model, entries)
    return bytes(model.SerializeToString())


def tiny_spec(**changes: Any) -> ModelSpec:
    """The tiny model's spec with golden images, changed where asked for."""
    images = np.stack([solid(color) for color in ("red", "green", "blue", "white")])
    return replace(TINY_SPEC, **{"golden": encode_golden(images, tiny_answer(images)), **changes})
