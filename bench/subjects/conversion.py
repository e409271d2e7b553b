"""Networks for other runtimes, each made by that runtime's own converter, in a process that ends before measuring.

`python -m cnnkit.bench.subjects.conversion` reads a `Conversion` as JSON from stdin, and the images from a .npy file.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np

from cnnkit.bench.interruptions import end_with_parent
from cnnkit.bench.stdout import last_words
from cnnkit.errors import ModelError
from cnnkit.images import prepare_batch
from cnnkit.spec import read_spec

Converter = Literal["litert", "openvino"]


@dataclass(frozen=True)
class Conversion:
    """A network to make, as plain values."""

    converter: Converter
    source: str  # a Keras file for LiteRT, an ONNX file for OpenVINO
    output: str
    spec: str  # JSON: what the source takes
    images: str | None  # .npy of (N, height, width, channels) uint8, to calibrate INT8 with; None: float32


def convert(conversion: Conversion) -> None:
    """Makes the network in a process of its own.

    Raises:
        ModelError: The converter fails.
    """
    done = subprocess.run(
        (sys.executable, "-P", "-m", "cnnkit.bench.subjects.conversion"),
        input=json.dumps(asdict(conversion)).encode(),
        capture_output=True,
        check=False,
    )
    if done.returncode != 0:
        said = last_words(done.stderr) or f"exit code {done.returncode}"
        raise ModelError(f"{Path(conversion.source).name}: {conversion.converter} cannot convert it: {said}")


def _litert(conversion: Conversion) -> None:
    """Full integer quantization as LiteRT's guide describes it; TensorFlow holds the converter."""
    from cnnkit.runtime import import_keras, load_keras_model

    import_keras("cnnkit bench --runtime litert")
    import tensorflow as tf

    converter = tf.lite.TFLiteConverter.from_keras_model(load_keras_model(Path(conversion.source)))
    if conversion.images is not None:
        tensors = prepare_batch(np.load(conversion.images), read_spec(conversion.spec).input)
        converter.optimizations = [tf.lite.Optimize.DEFAULT]
        converter.representative_dataset = lambda: ([tensor[None].astype(np.float32)] for tensor in tensors)
        converter.target_spec.supported_ops = [tf.lite.OpsSet.TFLITE_BUILTINS_INT8]
        converter.inference_input_type = converter.inference_output_type = tf.uint8
    Path(conversion.output).write_bytes(converter.convert())


def _openvino(conversion: Conversion) -> None:
    """NNCF's post-training quantization with its defaults; it reports its use to its maker unless CI is said."""
    os.environ["NNCF_CI"] = "1"
    import nncf
    import openvino

    assert conversion.images is not None  # OpenVINO reads ONNX itself: there is only INT8 to make
    tensors = prepare_batch(np.load(conversion.images), read_spec(conversion.spec).input)
    dataset = nncf.Dataset([tensor[None] for tensor in tensors])
    quantized = nncf.quantize(openvino.Core().read_model(conversion.source), dataset, subset_size=len(tensors))
    openvino.save_model(quantized, conversion.output, compress_to_fp16=False)


_CONVERTERS: dict[Converter, Callable[[Conversion], None]] = {"litert": _litert, "openvino": _openvino}

if __name__ == "__main__":
    end_with_parent()
    request: dict[str, Any] = json.load(sys.stdin)
    _CONVERTERS[request["converter"]](Conversion(**request))
