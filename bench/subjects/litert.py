"""A network that LiteRT's own converter made of the original, in the LiteRT interpreter."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects.subject import Loaded, Subject
from cnnkit.classifier import class_probabilities
from cnnkit.errors import ModelError
from cnnkit.images import prepare_batch
from cnnkit.machine import physical_cores
from cnnkit.runtime import silent_stderr
from cnnkit.spec import read_spec
from cnnkit.system import require


def litert_subject(loading: Loading) -> Subject:
    """Loads a .tflite file that `cnnkit.bench.subjects.conversion` made.

    Raises:
        ModelError: It cannot be loaded.
        MissingExtraError: LiteRT is not installed.
    """
    require("cnnkit bench --runtime litert", "litert", "ai_edge_litert")
    threads = loading.threads or physical_cores()
    network = _Network(Path(loading.path), threads)
    spec = read_spec(loading.spec)

    def input_tensor(images: NDArray[np.uint8]) -> NDArray[Any]:
        return network.quantized(prepare_batch(images, spec.input))

    return Subject(
        loaded=Loaded(
            "int8" if network.integers else "float32",
            f"litert {version('ai-edge-litert')} (cpu)",
            threads,
        ),
        spec=spec,
        input_tensor=input_tensor,
        call=network.run,
        answers=lambda images: class_probabilities(network.numbers(network.run(input_tensor(images))), spec),
    )


class _Network:
    """An interpreter with one input and one output, of any batch size.

    Args:
        path: The .tflite file.
        threads: Of one inference; None leaves it to LiteRT.
    """

    def __init__(self, path: Path, threads: int | None) -> None:
        with silent_stderr():
            from ai_edge_litert.interpreter import Interpreter

            try:
                self._interpreter = Interpreter(model_path=str(path), num_threads=threads)
                self._interpreter.allocate_tensors()
            except (RuntimeError, ValueError) as error:
                raise ModelError(f"{path.name}: LiteRT cannot load it: {str(error).splitlines()[0]}") from error
        (self._taken,), (self._given,) = self._interpreter.get_input_details(), self._interpreter.get_output_details()
        self._shape: tuple[int, ...] = tuple(self._taken["shape"])
        self.integers = np.issubdtype(self._taken["dtype"], np.integer)

    def quantized(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Returns the integers that stand for a tensor; the tensor itself where the network takes floats."""
        dtype = self._taken["dtype"]
        if not self.integers:
            return tensor.astype(dtype, copy=False)
        scale, zero = self._taken["quantization"]
        limits = np.iinfo(dtype)
        found: NDArray[Any] = np.clip(np.rint(tensor / scale + zero), limits.min, limits.max).astype(dtype)
        return found

    def numbers(self, output: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the numbers that an output stands for."""
        scale, zero = self._given["quantization"] if self.integers else (1.0, 0)
        return ((output.astype(np.float32) - zero) * np.float32(scale)).astype(np.float32)

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Returns the (N, classes) output, as integers where the network gives integers."""
        index = self._taken["index"]
        if self._shape != tensor.shape:
            self._interpreter.resize_tensor_input(index, tensor.shape)
            self._interpreter.allocate_tensors()
            self._shape = tensor.shape
        self._interpreter.set_tensor(index, tensor)
        self._interpreter.invoke()
        output: NDArray[Any] = self._interpreter.get_tensor(self._given["index"])
        return output
