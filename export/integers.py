"""Static quantization with onnxruntime, in the one scheme that is right on every CPU.

Weights: 7 bits per output channel, symmetric; activations: 8 bits unsigned. With 8-bit weights x86 CPUs without VNNI
add pairs of products in 16 bits and saturate without a word (one wrong answer in eight on one network); 7 bits cannot.
Softmax and the dense layer before it stay in float, for probabilities in steps of 1/256 would not sum to 1.
"""

from __future__ import annotations

import contextlib
import io
import logging
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError
from cnnkit.export.calibration import CalibrationReader
from cnnkit.export.direct_bytes import feed_bytes, input_nodes
from cnnkit.export.graphs import load_graph, producers
from cnnkit.export.options import CalibrationMethod
from cnnkit.export.tidying import set_versions
from cnnkit.preprocess import prepare_batch
from cnnkit.spec import InputSpec

SCHEME = "static QDQ, U8 activations, S8 weights per channel in 7 bits, float head"
_BATCH = 16
_HEAD = {"Softmax", "Add", "Identity", "Reshape", "Flatten", "Squeeze", "Gemm", "MatMul", "Cast"}
_PRODUCTS = {"Gemm", "MatMul"}


def quantize_graph(
    path: Path, images: NDArray[np.uint8], taken: InputSpec, method: CalibrationMethod, *, bytes_as_input: bool = True
) -> Any:
    """Quantizes a float graph.

    Args:
        path: A float32 ONNX file.
        images: (N, height, width, channels) uint8 that calibrate it.
        taken: What the graph takes.
        method: How ranges are taken from the activations seen.
        bytes_as_input: Let the image's bytes be the quantized input where that is exact.

    Returns:
        An onnx.ModelProto of QuantizeLinear and DequantizeLinear around float operators.

    Raises:
        ModelError: Nothing in the graph can be quantized.
    """
    import onnx

    with tempfile.TemporaryDirectory(prefix="cnnkit-") as folder:
        float_path, int8_path = Path(folder, "float.onnx"), Path(folder, "int8.onnx")
        prepared = _prepare(path, float_path)
        if bytes_as_input and feed_bytes(prepared):
            onnx.save(prepared, float_path)
        name = prepared.graph.input[0].name
        tensors = _batches(images, taken, 1 if method != "minmax" else _BATCH)
        floats = [*input_nodes(prepared), *head_nodes(prepared)]
        _quantize(float_path, int8_path, CalibrationReader(tensors, name), method, floats)
        model = load_graph(int8_path)
    if not any(node.op_type == "DequantizeLinear" and "image" not in node.name for node in model.graph.node):
        raise ModelError(f"{path} holds nothing that can be quantized, expected convolutions or dense layers")
    set_versions(model)
    return model


def head_nodes(model: Any) -> list[str]:
    """Returns the names of the nodes from the last dense layer, that one included, to the output."""
    made_by = producers(model)
    names, node = [], made_by.get(model.graph.output[0].name)
    while node is not None and node.op_type in _HEAD:
        names.append(node.name)
        node = None if node.op_type in _PRODUCTS else _producer_of_inputs(node, made_by)
    return names


def _producer_of_inputs(node: Any, made_by: dict[str, Any]) -> Any:
    """Returns the one node that the inputs of `node` come from; None where there are several."""
    found = [made_by[name] for name in node.input if name in made_by]
    return found[0] if len(found) == 1 else None


def _prepare(source: Path, target: Path) -> Any:
    """Folds and infers shapes, without which ranges would be taken of tensors that are fused away."""
    from onnxruntime.quantization import quant_pre_process

    with _quiet():
        # Symbolic shape inference serves transformers; what it refuses would stop a CNN that needs none of it.
        quant_pre_process(str(source), str(target), skip_symbolic_shape=True)
    return load_graph(target)


def _quantize(
    source: Path, target: Path, reader: CalibrationReader, method: CalibrationMethod, floats: list[str]
) -> None:
    from onnxruntime.quantization import CalibrationMethod as Method
    from onnxruntime.quantization import QuantFormat, QuantType, quantize_static

    methods = {"minmax": Method.MinMax, "entropy": Method.Entropy, "percentile": Method.Percentile}
    options: dict[str, object] = {"CalibTensorRangeSymmetric": False}
    if method != "minmax":
        # Histograms image by image: at once they would hold the activations of all images in memory.
        options["CalibStridedMinMax"] = 1
    with _quiet():
        quantize_static(
            str(source),
            str(target),
            reader,
            quant_format=QuantFormat.QDQ,
            per_channel=True,
            reduce_range=True,
            activation_type=QuantType.QUInt8,
            weight_type=QuantType.QInt8,
            nodes_to_exclude=floats,
            calibrate_method=methods[method],
            extra_options=options,
        )


def _batches(images: NDArray[np.uint8], taken: InputSpec, size: int) -> list[Any]:
    return [prepare_batch(images[start : start + size], taken) for start in range(0, len(images), size)]


@contextlib.contextmanager
def _quiet() -> Iterator[None]:
    """Keeps the quantizer's prints off stdout, where only results go, and its advice off stderr."""
    logger = logging.getLogger()
    before = logger.level
    logger.setLevel(logging.ERROR)
    try:
        with contextlib.redirect_stdout(io.StringIO()):
            yield
    finally:
        logger.setLevel(before)
