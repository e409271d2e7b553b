"""ONNX Runtime as a classifier."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from os import PathLike
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np

from cnnkit.classifier import class_probabilities
from cnnkit.errors import ImageError, ModelError, SpecError, UsageError
from cnnkit.images import prepare_batch
from cnnkit.runtime.limited import Run, running
from cnnkit.runtime.parts import answer_in_parts
from cnnkit.runtime.session import open_session, runtime_errors, short_reason, used_provider
from cnnkit.spec import METADATA_KEY, InputSpec, ModelSpec, dtype_name, read_header, read_spec

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from cnnkit.foreign import Said


class OnnxClassifier:
    """An ONNX file with a model spec, run by ONNX Runtime; a `cnnkit.classifier.Classifier`.

    Attributes:
        path: The file.
        spec: What the file says about itself, or what was given instead.
        provider: The execution provider really in use, by its short name ("cpu").
        threads: CPU threads of one inference; 0 is onnxruntime's default, one a physical core.
        fixed_batch: The batch size of the graph; None takes any.

    Args:
        path: A `.onnx` file.
        threads: CPU threads of one inference; None takes one a physical core.
        provider: Where it runs: "cpu", "cuda", ...: a name of `cnnkit.runtime.session.PROVIDERS`.
        spec: Used instead of the file's own.
        said: What is said of a file that carries no spec; None needs one that does. Beside `spec`, only which output.
        spinning: Whether its threads may spin; see `open_session`.
        precise_x64: Let 8-bit products not saturate, also where the spec does not ask for it; see `open_session`.

    Raises:
        ModelError: The file is missing, no ONNX model, or contradicts the spec.
        SpecError: There is no spec, or one of a newer version.
        UsageError: The provider is not available here; the file carries a spec, and something else is said of it; it
            carries none, and not enough is said.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        threads: int | None = None,
        provider: str = "cpu",
        spec: ModelSpec | None = None,
        said: Said | None = None,
        precise_x64: bool = False,
        spinning: bool = True,
    ) -> None:
        self.path = Path(path)
        self.threads = threads or 0
        opening = partial(open_session, self.path, threads=threads, provider=provider, spinning=spinning)
        self._session = opening(precise_x64=precise_x64)
        self.provider = used_provider(self._session)
        self._run = running(self._session, self.path)
        self.spec = spec or _spec_in(self._session, self.path, said, self._run)
        if self.spec.quantization is not None and self.spec.quantization.precise_x64 and not precise_x64:
            self._session = opening(precise_x64=True)
            self._run = running(self._session, self.path)
        output = None if said is None else said.output_name
        self._input, self._output = _check_graph(self._session, self.spec, self.path, output)
        self._errors = runtime_errors()
        self.fixed_batch = self._input.shape[0] if isinstance(self._input.shape[0], int) else None

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch.

        Args:
            images: (N, height, width, channels) uint8 in 0..255, of the spec's size and colour order.

        Returns:
            (N, classes) float32 probabilities.

        Raises:
            ImageError: The array has another shape or dtype.
            ModelError: The graph cannot be run, or its output does not fit the labels.
        """
        _check_images(images, self.spec.input)
        if len(images) == 0:
            return np.empty((0, len(self.spec.labels)), np.float32)
        output = answer_in_parts(lambda part: self.run(self.input_tensor(part)), images)
        answers = class_probabilities(output, self.spec)
        expected = (len(images), len(self.spec.labels))
        if answers.shape != expected:
            raise ModelError(f"{self.path} gives an output of shape {output.shape}, expected {expected}, one a label")
        return answers

    def input_tensor(self, images: NDArray[np.uint8]) -> NDArray[Any]:
        """Makes the tensor that the graph takes.

        Args:
            images: (N, height, width, channels) uint8 in the spec's colour order.

        Returns:
            (N, ...) uint8 or float32 in the spec's layout.
        """
        return prepare_batch(images, self.spec.input)

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Runs the graph: once, or several times where its batch size is fixed and another one.

        Args:
            tensor: What `input_tensor` gives.

        Returns:
            The graph's raw output: (N, classes) or (N, 1) probabilities or logits, float32 or float16.

        Raises:
            ModelError: The graph cannot be run.
        """
        if self.fixed_batch is not None and len(tensor) != self.fixed_batch:
            return self._run_fixed(tensor, self.fixed_batch)
        try:
            output: NDArray[Any] = self._run([self._output.name], {self._input.name: tensor})[0]
        except self._errors as error:
            raise ModelError(f"{self.path} cannot be run: {short_reason(str(error))}") from error
        if output.ndim < 2 and output.size % len(tensor) == 0:  # a number an image, or of one image all of them
            return output.reshape(len(tensor), -1)
        beside = output.ndim > 2 and output[0].size == max(output.shape[1:])  # axes of length 1: (N, K, 1, 1)
        return output.reshape(len(output), -1) if beside else output

    def _run_fixed(self, tensor: NDArray[Any], size: int) -> NDArray[Any]:
        """Runs a graph whose batch size is fixed, in parts; the last one is filled up with its last image."""
        missing = -len(tensor) % size
        filled = np.concatenate([tensor, np.repeat(tensor[-1:], missing, axis=0)]) if missing else tensor
        parts = [self.run(filled[start : start + size]) for start in range(0, len(filled), size)]
        return np.concatenate(parts)[: len(tensor)]


def read_spec_of(path: str | PathLike[str]) -> ModelSpec | None:
    """Reads the model spec in an ONNX file, without opening a session where that can be; None where there is none.

    Raises:
        ModelError: The file is missing or no ONNX model.
        SpecError: The spec is malformed or of a newer version, or there are two.
    """
    header = read_header(Path(path))
    if METADATA_KEY in header.repeated:
        raise SpecError(f"{path} carries two model specs, expected one: export the model again")
    metadata = _metadata(open_session(Path(path)), Path(path)) if header.ort_format else header.metadata
    text = metadata.get(METADATA_KEY)
    return None if text is None else _read(text, Path(path))


def describe_shape(shape: object) -> str:
    """Writes a shape as onnxruntime gives it: "(batch, 32, 32, 3)"; unnamed dynamic sizes are "?"."""
    dims = shape if isinstance(shape, (list, tuple)) else ()
    return f"({', '.join('?' if dim is None else str(dim) for dim in dims)})"


def _spec_in(session: Any, path: Path, said: Said | None, run: Run) -> ModelSpec:
    text = _metadata(session, path).get(METADATA_KEY)
    if text is not None:
        if said is not None and said.anything():
            raise UsageError(f"{path} says itself what it takes and gives: leave out --labels, --scale and the like")
        return _read(text, path)
    if said is None:
        raise SpecError(
            f"{path} carries no model spec, so its labels and scaling are unknown: "
            "cnnkit stamp writes them into it, or export it with cnnkit export, which does"
        )
    from cnnkit.foreign import describe_session

    try:
        return describe_session(session, path, said, run)
    except runtime_errors() as error:
        raise ModelError(f"{path} cannot be run: {short_reason(str(error))}: check --size and the scaling") from error


def _metadata(session: Any, path: Path) -> Mapping[str, str]:
    try:
        metadata: dict[str, str] = session.get_modelmeta().custom_metadata_map
    except UnicodeDecodeError as error:
        raise SpecError(f"{path} has metadata that is no UTF-8: export the model again") from error
    return metadata


def _read(text: str, path: Path) -> ModelSpec:
    try:
        return read_spec(text)
    except SpecError as error:
        raise SpecError(f"{path}: {error}") from error


def _check_graph(session: Any, spec: ModelSpec, path: Path, output: str | None) -> tuple[Any, Any]:
    """Returns the graph's one input and the output of a name, or its first, after comparing them with the spec."""
    inputs, outputs = session.get_inputs(), session.get_outputs()
    if len(inputs) != 1:
        raise ModelError(f"{path} has {len(inputs)} inputs, expected one: the image")
    taken, expected = inputs[0], _expected_shape(spec.input)
    dtype = dtype_name(taken)
    if dtype != spec.input.dtype or not _fits(taken.shape, expected):
        raise ModelError(
            f"{path} takes {dtype} {describe_shape(taken.shape)}, "
            f"its spec says {spec.input.dtype} {describe_shape(expected)}: export the model again"
        )
    given = next(one for one in outputs if output in (None, one.name))
    shape = [1, *given.shape] if len(given.shape) == 1 and taken.shape[0] == 1 else given.shape
    if given.shape and not _gives(shape, spec):
        raise ModelError(
            f"{path} gives an output of shape {describe_shape(given.shape)}, its spec has {len(spec.labels)} labels: "
            "export the model again with one label a class"
        )
    return taken, given


def _expected_shape(spec: InputSpec) -> tuple[str | int, ...]:
    if spec.layout == "nhwc":
        return "batch", spec.height, spec.width, spec.channels
    return "batch", spec.channels, spec.height, spec.width


def _fits(shape: list[object], expected: tuple[str | int, ...]) -> bool:
    """Compares shapes; sizes that are not fixed fit everything."""
    if len(shape) != len(expected):
        return False
    pairs = zip(shape, expected, strict=True)
    return all(size == other for size, other in pairs if isinstance(size, int) and isinstance(other, int))


def _gives(shape: list[object], spec: ModelSpec) -> bool:
    """Whether an output may hold a number a label, with axes of length 1 beside, or one number for two labels."""
    sizes = [size for size in shape[1:] if isinstance(size, int) and size != 1]
    one = all(size == 1 for size in shape[1:])
    return len(spec.labels) == 2 if one else sizes in ([], [len(spec.labels)])


def _check_images(images: NDArray[np.uint8], spec: InputSpec) -> None:
    size = (spec.height, spec.width, spec.channels)
    if images.ndim != 4 or images.shape[1:] != size or images.dtype != np.uint8:
        expected = ", ".join(map(str, size))
        raise ImageError("array", f"is {images.shape} {images.dtype}, expected (N, {expected}) uint8")
