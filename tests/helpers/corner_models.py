"""Networks that look at one corner of an image and at nothing else, and images with something bright in a corner."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.spec import METADATA_KEY, InputSpec, ModelSpec, write_spec

CORNERS = ("top left", "top right", "bottom left", "bottom right")
_GAIN = 12.0  # of the logit, over the range of the corner's brightness


def corner_slices(corner: str, height: int, width: int, share: int = 4) -> tuple[slice, slice]:
    """The rows and columns of a corner of a quarter of each side."""
    rows = slice(0, height // share) if "top" in corner else slice(height - height // share, height)
    return rows, slice(0, width // share) if "left" in corner else slice(width - width // share, width)


def bright_corners(height: int = 32, width: int = 32, channels: int = 3) -> np.ndarray:
    """(height, width, channels) uint8: dark noise, with four bright corners, of which a network looks at one."""
    image = np.random.default_rng(5).integers(20, 90, (height, width, channels), dtype=np.uint8)
    for corner in CORNERS:
        image[corner_slices(corner, height, width)] = 230
    return image


def corner_spec(height: int = 32, width: int = 32, classes: int = 2, **changes: Any) -> ModelSpec:
    labels = ("bright", "dark", *(f"class {number}" for number in range(2, classes)))
    return ModelSpec(labels, InputSpec(height, width, 3, **changes))


def _head(classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (3, classes) and biases (classes,) over a mean colour from 0 to 255; the third class on never wins."""
    weights = np.random.default_rng(1).normal(0, 1e-4, (3, classes)).astype(np.float32)
    weights[:, 0], weights[:, 1] = _GAIN / 255 / 3, -_GAIN / 255 / 3
    biases = np.full(classes, -8, np.float32)
    biases[:2] = -_GAIN / 2, _GAIN / 2
    return weights, biases


def build_corner_onnx(corner: str, spec: ModelSpec, *, write: bool = True, poisoned: bool = False) -> bytes:
    """A graph that answers "bright" or "dark" by the mean of one corner.

    Args:
        corner: Which.
        spec: Its size and classes.
        write: Whether the file carries the spec.
        poisoned: Whether the answer is no number where the corner is not bright.
    """
    from onnx import TensorProto, helper, numpy_helper

    height, width = spec.input.height, spec.input.width
    rows, columns = corner_slices(corner, height, width)
    weights, biases = _head(len(spec.labels))
    constants = {
        "starts": np.array([rows.start, columns.start], np.int64),
        "ends": np.array([rows.stop, columns.stop], np.int64),
        "axes": np.array([1, 2], np.int64), "weights": weights, "biases": biases,
        "least": np.array([-1.0 if poisoned else -1e9, *[-1e9] * (len(biases) - 1)], np.float32),
    }  # fmt: skip
    nodes = [
        helper.make_node("Slice", ["image", "starts", "ends", "axes"], ["corner"]),
        helper.make_node("Cast", ["corner"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["means"], axes=[1, 2], keepdims=0),
        helper.make_node("Gemm", ["means", "weights", "biases"], ["logits"]),
        helper.make_node("Sub", ["logits", "least"], ["above"]),
        helper.make_node("Sqrt", ["above"], ["roots"]),  # no number for logits below the least
        helper.make_node("Sub", ["roots", "roots"], ["zeros"]),
        helper.make_node("Add", ["logits", "zeros"], ["checked"]),
        helper.make_node("Softmax", ["checked"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes, "corner",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", height, width, 3])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", len(spec.labels)])],
        [numpy_helper.from_array(value, name) for name, value in constants.items()],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    if write:
        helper.set_model_props(model, {METADATA_KEY: write_spec(spec)})
    return bytes(model.SerializeToString())


def save_corner_onnx(path: Path, corner: str, spec: ModelSpec | None = None, **options: Any) -> Path:
    path.write_bytes(build_corner_onnx(corner, spec or corner_spec(), **options))
    return path


def corner_keras(corner: str, height: int = 32, width: int = 32, *, head: str = "pooled") -> Any:
    """A Keras model that answers in the same way: the corner is cut out and put back onto black.

    Args:
        corner: Which.
        height: Of the image.
        width: Of the image.
        head: "pooled" ends in global average pooling and a dense layer; "nested" has the first of these in a model of
            its own, as networks of keras.applications have it; "flat" ends in a small map that is flattened; "logits"
            is flat with a softmax layer of its own; "blind" has no map at all.
    """
    from cnnkit.runtime import import_keras

    keras = import_keras("a test")
    layers = keras.layers
    rows, columns = corner_slices(corner, height, width)
    around = ((rows.start, height - rows.stop), (columns.start, width - columns.stop))
    image = keras.Input((height, width, 3))
    body = [layers.Cropping2D(around), layers.ZeroPadding2D(around), layers.AveragePooling2D(4)]
    weights, biases = _head(2)
    if head == "pooled":
        layers_of = [*body, layers.GlobalAveragePooling2D(), layers.Dropout(0.2), layers.Dense(2, "softmax")]
    elif head == "nested":
        layers_of = [keras.Sequential([*body, layers.GlobalAveragePooling2D()]), layers.Dense(2, "softmax")]
    elif head == "blind":
        layers_of = [layers.Flatten(), layers.Dense(2, "softmax")]
    else:
        last = [layers.Dense(2, "softmax")] if head == "flat" else [layers.Dense(2), layers.Softmax()]
        layers_of = [*body, layers.Flatten(), *last]
    x = image
    for layer in layers_of:
        x = layer(x)
    model = keras.Model(image, x)
    dense = next(layer for layer in reversed(model.layers) if isinstance(layer, layers.Dense))
    repeats = dense.kernel.shape[0] // 3
    share = 16.0 if repeats == 1 else 16.0 / repeats  # of the mean over the whole map, the corner is a sixteenth
    dense.set_weights([np.tile(weights * share, (repeats, 1)), biases])
    return model
