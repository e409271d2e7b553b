"""An ONNX file, or what NNCF made of it, in OpenVINO."""

from __future__ import annotations

from importlib.metadata import version
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects.onnx import precision_of
from cnnkit.bench.subjects.subject import Loaded, Subject
from cnnkit.classifier import class_probabilities
from cnnkit.errors import ModelError
from cnnkit.images import prepare_batch
from cnnkit.machine import physical_cores
from cnnkit.spec import read_spec
from cnnkit.system import require

IR_SUFFIX, WEIGHTS_SUFFIX = ".xml", ".bin"  # of OpenVINO's own files


def openvino_subject(loading: Loading) -> Subject:
    """Loads an ONNX or .xml file, compiled for the CPU with a fixed batch, which is how OpenVINO is fastest.

    Raises:
        ModelError: It cannot be loaded.
        MissingExtraError: OpenVINO is not installed.
    """
    require("cnnkit bench --runtime openvino", "openvino", "openvino")
    path, spec = Path(loading.path), read_spec(loading.spec)
    threads = loading.threads or physical_cores()
    network = _Network(path, threads)

    def input_tensor(images: NDArray[np.uint8]) -> NDArray[Any]:
        return prepare_batch(images, spec.input)

    def answers(images: NDArray[np.uint8]) -> NDArray[Any]:
        return class_probabilities(network.run(input_tensor(images)), spec)

    precision = "int8" if path.suffix == IR_SUFFIX else precision_of(spec)
    loaded = Loaded(precision, f"openvino {version('openvino')} (cpu)", threads)
    return Subject(loaded, spec, input_tensor, network.run, answers)


class _Network:
    """A network, compiled for each size of batch when it first comes.

    Args:
        path: The file.
        threads: Of one inference; None leaves it to OpenVINO.
    """

    def __init__(self, path: Path, threads: int | None) -> None:
        import openvino

        self._core, self._path, self._threads = openvino.Core(), path, threads
        self._requests: dict[tuple[int, ...], Any] = {}
        try:
            self._size = self._core.read_model(path).inputs[0].partial_shape.get_max_shape()[1:]
            self._request((1, *self._size))
        except RuntimeError as error:
            raise ModelError(f"{path.name}: OpenVINO cannot load it: {str(error).splitlines()[0][:200]}") from error

    def run(self, tensor: NDArray[Any]) -> NDArray[Any]:
        """Returns the (N, classes) output."""
        output: NDArray[Any] = self._request(tensor.shape).infer([tensor])[0]
        return output

    def _request(self, shape: tuple[int, ...]) -> Any:
        if shape not in self._requests:
            model = self._core.read_model(self._path)
            model.reshape(list(shape))
            # without the second it multiplies float32 as bfloat16 on CPUs that can
            options: dict[str, Any] = {"PERFORMANCE_HINT": "LATENCY", "INFERENCE_PRECISION_HINT": "f32"}
            if self._threads is not None:
                options["INFERENCE_NUM_THREADS"] = self._threads
            self._requests[shape] = self._core.compile_model(model, "CPU", options).create_infer_request()
        return self._requests[shape]
