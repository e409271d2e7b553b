"""Static quantization with onnxruntime: one float graph, prepared and calibrated once, quantized in many ways.

Softmax and what the dense layer before it gives stay in float, for probabilities in steps of 1/256 would not sum to 1.
"""

from __future__ import annotations

import contextlib
import io
import logging
from collections.abc import Collection, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError
from cnnkit.export.calibration import CalibrationReader
from cnnkit.export.graph import (
    fold_affines,
    has_branches,
    load_graph,
    opset_of,
    plain_graph,
    producers,
    set_versions,
    static_shapes,
)
from cnnkit.export.options import CalibrationMethod
from cnnkit.export.quantization.batching import fixed_batch, images_at_once, whole_batches
from cnnkit.export.quantization.calibrated import CalibratedRanges
from cnnkit.export.quantization.correction import Means, inputs_of_convolutions, mean_inputs
from cnnkit.export.quantization.direct_bytes import feed_bytes, input_nodes
from cnnkit.export.quantization.head import quantize_head
from cnnkit.export.quantization.schemes import Scheme
from cnnkit.images import prepare_batch
from cnnkit.runtime import import_onnxruntime
from cnnkit.spec import InputSpec

_BATCH = 16
_HEAD = {
    "Softmax", "Add", "Identity", "Reshape", "Flatten", "Squeeze", "Gemm", "MatMul", "Cast", "Sigmoid", "HardSigmoid",
    "Sub", "Concat",
}  # fmt: skip
_PRODUCTS = {"Gemm", "MatMul"}
_WEIGHTED = ("Conv", "ConvTranspose", "Gemm", "MatMul")
_MOST_COUNTED = 300_000_000  # activations that go into histograms: numpy counts some hundred million in ten seconds
_FEWEST_COUNTED = 32  # images
_RANGED = 128  # images on which golden ones must lie within what was seen


class Quantizer:
    """A float graph and the images that calibrate it.

    Args:
        path: A float32 ONNX file.
        images: (N, height, width, channels) uint8 that calibrate it.
        taken: What the graph takes.
        folder: Where files may lie as long as this is used.
        bytes_as_input: Let the image's bytes be the quantized input where that is exact.

    Attributes:
        prepared: The graph that is quantized, an onnx.ModelProto: folded, shapes inferred.
        layers: The names of its nodes with weights that are quantized, in order.

    Raises:
        ModelError: Nothing in the graph can be quantized.
    """

    def __init__(
        self, path: Path, images: NDArray[np.uint8], taken: InputSpec, folder: Path, *, bytes_as_input: bool = True
    ) -> None:
        import onnx

        self._folder, self._taken = folder, taken
        self._float = folder / "float.onnx"
        self.prepared = _prepare(path, self._float)
        self._fixed = fixed_batch(self.prepared)
        self._images = whole_batches(images, self._fixed)
        if bytes_as_input and feed_bytes(self.prepared):
            onnx.save(self.prepared, self._float)
        self._floats = [*input_nodes(self.prepared), *head_nodes(self.prepared)]
        weighted = [node.name for node in self.prepared.graph.node if node.op_type in _WEIGHTED]
        self.layers = tuple(name for name in weighted if name not in self._floats)
        if not self.layers:
            raise ModelError(f"{path} holds nothing that can be quantized, expected convolutions or dense layers")

    def quantize(self, scheme: Scheme, floats: Collection[str] = ()) -> Any:
        """Quantizes the graph.

        Args:
            scheme: How; `corrected` and `equalized` are for others to see to.
            floats: Names of nodes that stay in float, beside those of the head.

        Returns:
            An onnx.ModelProto: QuantizeLinear and DequantizeLinear around float operators, or
            operators on integers.
        """
        ort = import_onnxruntime("quantization")
        types = {"u8": ort.QuantType.QUInt8, "s8": ort.QuantType.QInt8, "u16": ort.QuantType.QUInt16}
        target = self._folder / "int8.onnx"
        with _quiet():
            ort.quantize_static(
                str(self._float),
                str(target),
                self._reader(scheme.method),
                quant_format=ort.QuantFormat.QDQ if scheme.operators == "qdq" else ort.QuantFormat.QOperator,
                per_channel=scheme.per_channel,
                reduce_range=scheme.bits == 7,
                activation_type=types[scheme.activations],
                weight_type=types[scheme.weights],
                nodes_to_exclude=[*self._floats, *floats],
                calibrate_method=_method(scheme.method),
                extra_options=_options(scheme),
                calibration_cache_path=self._folder / f"ranges-{scheme.method}.json",  # measured once, then read
            )
        model = load_graph(target)
        for name in self._floats:
            if name not in floats:
                quantize_head(model, name)
        # The quantizer raises the opset for 16-bit integers, and rewrites what that changes.
        set_versions(model, opset_of(model))
        return model

    @cached_property
    def means(self) -> Means:
        """The mean images of the inputs of its convolutions, measured once."""
        return mean_inputs(self.prepared, self.batches(inputs_of_convolutions(self.prepared)))

    @cached_property
    def ranges(self) -> CalibratedRanges:
        """What the inputs of its convolutions are on the first calibration images, measured once."""
        batches = self.batches(inputs_of_convolutions(self.prepared), most=_RANGED)
        return CalibratedRanges(self.prepared, self._taken, batches)

    def batches(self, kept: Collection[str] = (), *, most: int | None = None) -> Iterator[NDArray[Any]]:
        """Yields the calibration images as the graph takes them, (n, ...) each.

        Args:
            kept: Tensors that whoever runs the graph asks for; n is the smaller, the more there are of them.
            most: Images that are enough; None takes all.
        """
        at_once, images = self._at_once(kept), whole_batches(self._images[:most], self._fixed)
        for start in range(0, len(images), at_once):
            yield prepare_batch(images[start : start + at_once], self._taken)

    def _reader(self, method: CalibrationMethod) -> CalibrationReader:
        name = self.prepared.graph.input[0].name
        if method == "minmax":
            # All activations live until the end: onnxruntime takes their least and largest values last of all.
            made = [name for node in self.prepared.graph.node for name in node.output]
            return CalibrationReader(self._images, self._taken, name, self._at_once(made))
        # Histograms image by image: at once they would hold the activations of all images in memory.
        counted = whole_batches(self._images[: self._counted()], self._fixed)
        return CalibrationReader(counted, self._taken, name, self._fixed or 1)

    def _at_once(self, kept: Collection[str]) -> int:
        return self._fixed or min(_BATCH, images_at_once(self.prepared, kept))

    def _counted(self) -> int:
        """Returns how many images go into histograms: all of them where the activations are few."""
        made = {name for node in self.prepared.graph.node for name in node.output}
        shapes = static_shapes(self.prepared, 1)
        values = sum(int(np.prod(shapes[name])) for name in made if name in shapes)
        return max(_FEWEST_COUNTED, _MOST_COUNTED // max(values, 1))


def dequantized_layers(model: Any) -> tuple[str, ...]:
    """Returns the names of a quantized graph's nodes that compute with integer weights."""
    made_by = producers(model)
    found = []
    for node in model.graph.node:
        sources = [made_by.get(name) for name in node.input[1:2]]
        behind = node.op_type in _WEIGHTED and any(s is not None and s.op_type == "DequantizeLinear" for s in sources)
        if behind or node.op_type in ("QLinearConv", "QLinearMatMul", "QGemm"):
            found.append(node.name)
    return tuple(found)


def head_nodes(model: Any) -> list[str]:
    """Returns the names of the nodes from the last dense layer, that one included, to the output."""
    made_by = producers(model)
    names, waiting = list[str](), [model.graph.output[0].name]
    while waiting:
        node = made_by.get(waiting.pop(0))
        if node is None or node.op_type not in _HEAD or node.name in names:
            continue
        names.append(node.name)
        if node.op_type not in _PRODUCTS:
            waiting += node.input
    return names


def _prepare(source: Path, target: Path) -> Any:
    """Folds and infers shapes, without which ranges would be taken of tensors that are fused away."""
    import onnx

    quantization = import_onnxruntime("quantization")
    plain = target.with_name("plain.onnx")
    onnx.save(plain_graph(load_graph(source)), plain)
    with _quiet():
        # Symbolic shape inference serves transformers; what it refuses would stop a CNN that needs none of it.
        quantization.quant_pre_process(str(plain), str(target), skip_symbolic_shape=True)
    model = load_graph(target)
    if not has_branches(model) and fold_affines(model):
        onnx.save(model, target)
    return model


def _method(method: CalibrationMethod) -> Any:
    known = import_onnxruntime("quantization").CalibrationMethod
    return {"minmax": known.MinMax, "entropy": known.Entropy, "percentile": known.Percentile}[method]


def _options(scheme: Scheme) -> dict[str, object]:
    options: dict[str, object] = {"CalibTensorRangeSymmetric": False}
    if scheme.method != "minmax":
        options["CalibStridedMinMax"] = 1
    return options


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
