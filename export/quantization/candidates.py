"""The files to choose from: the float32 model itself, float16, and one for each scheme of integers."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import CnnkitError, ModelError
from cnnkit.export.graph import load_graph, save_with_spec
from cnnkit.export.options import CalibrationMethod, Target
from cnnkit.export.quantization.correction import correct_biases
from cnnkit.export.quantization.equalization import equalize
from cnnkit.export.quantization.float16 import FLOAT16_SCHEME, to_float16
from cnnkit.export.quantization.integers import Quantizer, dequantized_layers
from cnnkit.export.quantization.own_weights import put_pair_safe
from cnnkit.export.quantization.progress import shown
from cnnkit.export.quantization.saturation import wrong_on
from cnnkit.export.quantization.schemes import FLOAT16, FLOAT32, SCHEMES, Scheme
from cnnkit.runtime import OnnxClassifier, lacks_memory, runtime_errors, short_reason
from cnnkit.spec import ModelSpec, Precision, Quantization
from cnnkit.system import log

# What onnxruntime's quantizer and converter raise where a graph is not what a scheme can be applied to.
_MAKING = (CnnkitError, ValueError, RuntimeError, KeyError, IndexError, TypeError, AttributeError, NotImplementedError)
_ON_REQUEST = frozenset(scheme.name for scheme in SCHEMES if scheme.on_request)


@dataclass(frozen=True)
class Candidate:
    """A file that can be chosen."""

    name: str
    precision: Precision
    description: str
    path: Path
    scheme: Scheme | None = None  # None where there are no integers
    refused: str | None = None  # why it is not taken, whatever is measured
    floats: tuple[str, ...] = ()  # layers that stay in float beside the head

    @property
    def kernels(self) -> tuple[object, ...] | None:
        """What decides its time: candidates that are alike in this differ in their numbers alone; None is float."""
        scheme = self.scheme
        if scheme is None:
            return None
        how = (scheme.activations, scheme.weights, scheme.per_channel, scheme.operators, scheme.precise_x64)
        return (*how, frozenset(self.floats))

    def open(self, threads: int | None) -> OnnxClassifier:
        """Opens it as it would be run.

        Raises:
            ModelError: onnxruntime cannot run it.
        """
        return OnnxClassifier(self.path, threads=threads)


@dataclass(frozen=True)
class Failed:
    """A candidate that could not be made."""

    name: str
    reason: str


class Workshop:
    """Makes candidates of one float32 model.

    Args:
        model: The float32 ONNX file.
        spec: Its spec.
        images: (N, height, width, channels) uint8 that calibrate.
        target: The CPUs to be right on; not "this".
        folder: Where the files go.
    """

    def __init__(self, model: Path, spec: ModelSpec, images: NDArray[np.uint8], target: Target, folder: Path) -> None:
        self._model, self._spec, self._images, self.target, self._folder = model, spec, images, target, folder
        self.quantizer = Quantizer(model, images, spec.input, _made(folder / "plain"))
        self._equalized: Quantizer | None = None

    def make_all(
        self, method: CalibrationMethod | None, only: str | None
    ) -> tuple[tuple[Candidate, ...], tuple[Failed, ...]]:
        """Makes every candidate that can be made.

        Args:
            method: Leaves out schemes of other calibration methods, and uses it for all that are left.
            only: The one scheme to make beside float32; None makes all.

        Raises:
            ModelError: There is too little memory.
        """
        made, failed = [self._float32()], []
        wanted = {only} if only is not None else {name for name, _ in self._makers(method)} - _ON_REQUEST
        makers = [(name, make) for name, make in self._makers(method) if name in wanted]
        errors: tuple[type[Exception], ...] = (*_MAKING, *runtime_errors())
        for name, make in shown(makers, "making candidates"):
            try:
                candidate = make()
                candidate.open(threads=1)
            except errors as error:
                if lacks_memory(str(error)):
                    raise ModelError(f"{self._model} cannot be quantized here: {short_reason(str(error))}") from error
                failed.append(Failed(name, short_reason(str(error)) or type(error).__name__))
                log.debug("%s cannot be made: %r", name, error)
            else:
                made.append(candidate)
        return tuple(made), tuple(failed)

    def make(self, scheme: Scheme, *, name: str | None = None, floats: Sequence[str] = ()) -> Candidate:
        """Quantizes by a scheme; layers named in `floats` stay in float."""
        graph, _ = self.quantized(scheme, floats)
        described = scheme.describe() + (f"; in float: {', '.join(floats)}" if floats else "")
        return self.keep(graph, scheme, name=name or scheme.name, description=described, floats=floats)

    def quantized(self, scheme: Scheme, floats: Sequence[str] = ()) -> tuple[Any, Quantizer]:
        """Returns the graph of a scheme, and what quantized it."""
        quantizer = self._quantizer_for(scheme)
        graph = quantizer.quantize(scheme, floats)
        if scheme.pairs:
            put_pair_safe(graph, quantizer.prepared)
        if scheme.corrected:
            correct_biases(graph, quantizer.prepared, quantizer.means)
        return graph, quantizer

    def keep(
        self, graph: Any, scheme: Scheme, *, name: str, description: str, floats: Collection[str] = ()
    ) -> Candidate:
        """Makes a candidate of a graph that was quantized by a scheme."""
        refused = wrong_on(graph, self.target, precise_x64=scheme.precise_x64)
        if not dequantized_layers(graph):
            refused = "quantizes no layer of this model"
        path = self._save(graph, name, Quantization(description, 0, "", "", precise_x64=scheme.precise_x64))
        return Candidate(name, "int8", description, path, scheme, refused, tuple(floats))

    def _makers(self, method: CalibrationMethod | None) -> list[tuple[str, Callable[[], Candidate]]]:
        schemes: list[Scheme] = []
        for scheme in SCHEMES:
            if method is not None and scheme.method == "minmax":
                schemes.append(replace(scheme, method=method))
            elif method is None:
                schemes.append(scheme)
        return [(FLOAT16, self._float16), *((scheme.name, self._maker(scheme)) for scheme in schemes)]

    def _maker(self, scheme: Scheme) -> Callable[[], Candidate]:
        return lambda: self.make(scheme)

    def _float32(self) -> Candidate:
        path = self._folder / f"{FLOAT32}.onnx"
        shutil.copyfile(self._model, path)
        return Candidate(FLOAT32, "float32", "float32, as exported", path)

    def _float16(self) -> Candidate:
        record = Quantization(FLOAT16_SCHEME, 0, "", "", precision="float16")
        path = self._save(to_float16(load_graph(self._model)), FLOAT16, record)
        return Candidate(FLOAT16, "float16", record.scheme, path)

    def _quantizer_for(self, scheme: Scheme) -> Quantizer:
        if not scheme.equalized:
            return self.quantizer
        if self._equalized is None:
            folder = _made(self._folder / "equalized")
            graph = load_graph(self._model)
            if not equalize(graph):
                raise ValueError("no two convolutions follow one another")
            path = folder / "equalized.onnx"
            save_with_spec(graph, self._spec, path)
            self._equalized = Quantizer(path, self._images, self._spec.input, folder)
        return self._equalized

    def _save(self, graph: Any, name: str, record: Quantization) -> Path:
        path = self._folder / f"{name}.onnx"
        save_with_spec(graph, replace(self._spec, quantization=record), path)
        return path


def _made(folder: Path) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    return folder
