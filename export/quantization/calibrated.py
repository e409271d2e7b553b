"""Whether a network keeps within what calibration saw: beyond it integers end, however well they round."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.batching import fixed_batch, whole_batches
from cnnkit.export.quantization.correction import inputs_of_convolutions
from cnnkit.images import prepare_batch
from cnnkit.runtime import import_onnxruntime
from cnnkit.spec import InputSpec

_NOTHING = 1e-30  # a range without width


class CalibratedRanges:
    """The least and largest values of each convolution's input over the calibration images.

    Args:
        prepared: A float onnx.ModelProto with one input.
        taken: What the graph takes.
        batches: Of calibration images, arrays of that.
    """

    def __init__(self, prepared: Any, taken: InputSpec, batches: Iterable[NDArray[Any]]) -> None:
        import onnx

        self._taken, self._fixed = taken, fixed_batch(prepared)
        self._names = inputs_of_convolutions(prepared)
        graph = onnx.ModelProto()
        graph.CopyFrom(prepared)
        graph.graph.output.extend(onnx.ValueInfoProto(name=name) for name in self._names)
        runtime = import_onnxruntime()
        self._session = runtime.InferenceSession(graph.SerializeToString(), providers=["CPUExecutionProvider"])
        seen = np.concatenate([self._extremes(batch) for batch in batches])
        self._least, self._largest = seen[..., 0].min(axis=0), seen[..., 1].max(axis=0)

    def excess(self, images: NDArray[np.uint8]) -> NDArray[np.float64]:
        """Returns (N,): by how much of a range each image's activations leave it, in the layer where it is most.

        Args:
            images: (N, height, width, channels) uint8.
        """
        found = [
            self._extremes(prepare_batch(whole_batches(image[None], self._fixed), self._taken))[0] for image in images
        ]
        extremes = np.array(found, np.float64).reshape(len(images), len(self._names), 2)
        beyond = np.maximum(self._least - extremes[..., 0], extremes[..., 1] - self._largest)
        shares: NDArray[np.float64] = np.maximum(beyond, 0) / np.maximum(self._largest - self._least, _NOTHING)
        largest: NDArray[np.float64] = shares.max(axis=1, initial=0)
        return largest

    def _extremes(self, batch: NDArray[Any]) -> NDArray[np.float64]:
        """Returns (n, tensors, 2) least and largest values."""
        outputs = self._session.run(self._names, {self._session.get_inputs()[0].name: batch})
        flat = [output.reshape(len(batch), -1) for output in outputs]
        return np.array([(each.min(axis=1), each.max(axis=1)) for each in flat], np.float64).transpose(2, 0, 1)
