"""From a Keras model to an ONNX graph by tf2onnx, which logs what it cannot convert and then writes a broken file."""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError
from cnnkit.export.graph import OPSET, frozen_graph, known_rewrites
from cnnkit.export.original import CALL, Original, call_model, layer_of, trace_model
from cnnkit.spec import Dtype, InputSpec, ModelSpec
from cnnkit.system import log

INPUT_NAME = "image"
OUTPUT_NAME = "probabilities"


def convert(original: Original, input_dtype: Dtype, opset: int = OPSET) -> Any:
    """Converts a Keras model, with all that stands between an image's bytes and probabilities.

    Args:
        original: The model and what it takes and gives.
        input_dtype: "uint8": the graph takes pixels as they are, and casts and standardises them itself; "float32": it
            takes what the Keras model takes.
        opset: Of the graph.

    Returns:
        An onnx.ModelProto with the input `image` (batch, H, W, C) and the output `probabilities` (batch, K) float32.

    Raises:
        ModelError: The model computes something that ONNX, or tf2onnx, does not know.
    """
    dtype = original.spec.input.dtype if input_dtype == "float32" else "uint8"
    graph = converted(
        lambda image: _probabilities(original, image, dtype), original.spec.input, dtype, opset, OUTPUT_NAME
    )
    _refuse_unknown_operators(graph, original, opset)
    return graph


def converted(
    function: Callable[[Any], Any], taken: InputSpec, dtype: str, opset: int = OPSET, name: str | None = None
) -> Any:
    """Converts what a function of TensorFlow computes.

    Args:
        function: Takes (N, H, W, C) images, gives a tensor or a tuple of them.
        taken: Size and channels of the images.
        dtype: Of the images.
        opset: Of the graph.
        name: Of its one output; None leaves those of TensorFlow.

    Returns:
        An onnx.ModelProto with the input `image`.
    """
    import tensorflow as tf

    image = tf.TensorSpec((None, taken.height, taken.width, taken.channels), dtype, name=INPUT_NAME)
    with _quiet(), tf.device("/CPU:0"):
        frozen, outputs = frozen_graph(trace_model(function, image))
    return converted_graph(frozen, outputs, opset, name)


def converted_graph(frozen: Any, outputs: Sequence[str], opset: int = OPSET, name: str | None = None) -> Any:
    """Converts a frozen graph that takes `image`.

    Args:
        frozen: A tf.GraphDef.
        outputs: Names of the tensors that are given.
        opset: Of the graph.
        name: Of its one output; None leaves those of TensorFlow.

    Returns:
        An onnx.ModelProto.
    """
    import tensorflow as tf
    import tf2onnx

    names = {f"{INPUT_NAME}:0": INPUT_NAME} | ({} if name is None else {outputs[0]: name})
    with _quiet(), tf.device("/CPU:0"):
        graph, _ = tf2onnx.convert.from_graph_def(
            frozen,
            input_names=[f"{INPUT_NAME}:0"],
            output_names=list(outputs),
            opset=opset,
            custom_op_handlers=known_rewrites(),
            tensors_to_rename=names,
        )
    return graph


def _probabilities(original: Original, image: Any, dtype: str) -> Any:
    import tensorflow as tf

    taken = original.spec.input
    if dtype == "uint8" and taken.dtype == "float32":
        image = _standardised(tf.cast(image, tf.float32), taken)
    return _one_a_label(call_model(original.model, image), original.spec)


def _one_a_label(output: Any, spec: ModelSpec) -> Any:
    """Computes what `cnnkit.classifier.class_probabilities` does."""
    import tensorflow as tf

    if output.shape.rank == 1 or output.shape[1:] == (1,):
        one = tf.reshape(output, (-1, 1))
        output = tf.concat([tf.zeros_like(one) if spec.output == "logits" else 1 - one, one], axis=1)
    if spec.output == "logits":
        return tf.nn.softmax(output)
    return tf.sigmoid(output) if spec.output == "independent-logits" else output


def _standardised(image: Any, taken: InputSpec) -> Any:
    """Computes (pixel * scale - mean) / std with at most one multiplication and one addition."""
    factor, offset = affine(taken)
    if (factor != 1).any():
        image = image * _shortest(factor)
    if (offset != 0).any():
        image = image + _shortest(offset)
    return image


def affine(taken: InputSpec) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Returns factor and offset, (channels,) float32 each: (pixel * scale - mean) / std = pixel * factor + offset."""
    mean = np.array(taken.mean or (0.0,) * taken.channels)
    std = np.array(taken.std or (1.0,) * taken.channels)
    return (taken.scale / std).astype(np.float32), (-mean / std).astype(np.float32)


def _shortest(values: NDArray[np.float32]) -> NDArray[np.float32]:
    """Returns one number where all are the same: broadcasting over channels costs more, and hinders folding."""
    return values[:1].reshape(()) if (values == values[0]).all() else values


def _refuse_unknown_operators(graph: Any, original: Original, opset: int) -> None:
    import onnx

    for node in graph.graph.node:
        if node.domain or not onnx.defs.has(node.op_type, opset, node.domain):
            if node.op_type == CALL:
                raise ModelError(
                    f"{original.path} is one function that cannot be exported to ONNX, as those in float16: save the "
                    "model in float32, or export its .keras file"
                )
            layer = layer_of(original.model, node.name)
            where = f" in layer {layer!r}" if layer else ""
            raise ModelError(
                f"{original.path} computes {node.op_type}{where}, which cannot be exported to ONNX: replace that layer"
            )


@contextmanager
def _quiet() -> Iterator[None]:
    """Keeps tf2onnx and TensorFlow from logging what is raised as an error anyway; -v shows it."""
    loggers = [logging.getLogger(name) for name in ("tf2onnx", "tensorflow")]
    before = [logger.level for logger in loggers]
    if not log.isEnabledFor(logging.DEBUG):
        for logger in loggers:
            logger.setLevel(logging.CRITICAL)
    try:
        yield
    finally:
        for logger, level in zip(loggers, before, strict=True):
            logger.setLevel(level)
