"""The same networks in other runtimes: which contenders they make, converted by those runtimes' own tools."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import numpy as np

from cnnkit.bench.contenders import Contender
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.subjects.conversion import Conversion, Converter, convert
from cnnkit.bench.subjects.openvino import IR_SUFFIX
from cnnkit.errors import ModelError, UsageError
from cnnkit.runtime import is_named
from cnnkit.sources import read_calibration
from cnnkit.spec import InputSpec, write_spec
from cnnkit.system import log, require

CALIBRATION_IMAGES = 500  # as cnnkit quantize takes by default, with the same seed: the same images
_SEED = 0
_MODULES: dict[str, tuple[str, ...]] = {"litert": ("ai_edge_litert", "tensorflow"), "openvino": ("openvino",)}


def check_runtimes(options: BenchOptions) -> None:
    """Checks that the runtimes asked for are installed, before anything is measured.

    Raises:
        MissingExtraError: One is not.
        UsageError: LiteRT is asked for without an original, or calibration images without a runtime.
    """
    for name in options.runtimes:
        for module in _MODULES[name]:
            require(f"cnnkit bench --runtime {name}", "train" if module == "tensorflow" else name, module)
    if "litert" in options.runtimes and options.original is None:
        raise UsageError("--runtime litert converts the Keras model: name it with --original")
    if options.calibration is not None:
        if not options.runtimes:
            raise UsageError("--calibration is for the INT8 of --runtime litert or openvino: name one of them")
        if "openvino" in options.runtimes:
            require("cnnkit bench --runtime openvino --calibration", "openvino", "nncf")


def other_contenders(contenders: Sequence[Contender], options: BenchOptions, folder: Path) -> tuple[Contender, ...]:
    """Converts the networks, and returns them as contenders.

    OpenVINO runs every ONNX file as it is, and with calibration images also the INT8 that NNCF makes of the first
    float32 file. LiteRT runs what TensorFlow's converter makes of the original: float32, or INT8 with calibration
    images. What a converter cannot convert is left out, with a warning.

    Args:
        contenders: The original and the models.
        options: What is asked for.
        folder: Where the converted networks go.

    Raises:
        SourceError: There is no folder of calibration images.
        DataError: It has none that can be read.
    """
    found: list[Contender] = []
    if "litert" in options.runtimes:
        found += _litert(next(each for each in contenders if each.runtime == "keras"), options, folder)
    if "openvino" in options.runtimes:
        found += _openvino([each for each in contenders if each.kind == "model"], options, folder)
    return tuple(found)


def _litert(original: Contender, options: BenchOptions, folder: Path) -> list[Contender]:
    name = "INT8" if options.calibration else "float32"
    log.info("converting %s with LiteRT's converter", original.path.name)
    stem = original.path.name.split(":")[-1] if is_named(original.path) else original.path.stem
    path = _converted("litert", original, options, folder / "original.tflite")
    return [] if path is None else [Contender(f"{stem} LiteRT {name}", "model", path, original.spec, "litert")]


def _openvino(models: Sequence[Contender], options: BenchOptions, folder: Path) -> list[Contender]:
    found = [replace(each, name=f"{each.name} OpenVINO", runtime="openvino") for each in models]
    floating = next((each for each in models if each.spec.quantization is None), None)
    if options.calibration is None:
        return found
    if floating is None:
        raise UsageError("--calibration with --runtime openvino quantizes a float32 file: add one with --model")
    log.info("quantizing %s with NNCF", floating.path.name)
    path = _converted("openvino", floating, options, folder / f"quantized{IR_SUFFIX}")
    if path is not None:
        found.append(Contender(f"{floating.name} NNCF INT8", "model", path, floating.spec, "openvino"))
    return found


def _converted(converter: Converter, contender: Contender, options: BenchOptions, output: Path) -> Path | None:
    images = None
    if options.calibration is not None:
        images = output.with_suffix(".npy")
        np.save(images, _calibration(options.calibration, contender.spec.input))
    spec = write_spec(contender.spec)
    try:
        convert(Conversion(converter, str(contender.path), str(output), spec, None if images is None else str(images)))
    except ModelError as error:
        log.warning("%s (left out)", error)
        return None
    return output


def _calibration(folder: Path, taken: InputSpec) -> np.ndarray[tuple[int, ...], np.dtype[np.uint8]]:
    return read_calibration(folder, CALIBRATION_IMAGES, taken, _SEED).images
