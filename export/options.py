"""What can be asked of an export and of a quantization."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

from cnnkit.foreign import Head, InputFlags, Said
from cnnkit.spec import Dtype

CalibrationMethod = Literal["minmax", "entropy", "percentile"]
Target = Literal["any", "this", "avx2", "vnni", "arm64"]


@dataclass(frozen=True)
class ExportOptions:
    """One export."""

    source: Path  # a run folder, a .keras or .h5 file, a SavedModel, or "keras-app:NAME"
    output: Path  # ".ort" is onnxruntime's own format
    labels: str | None = None  # a file with a name a line, or names separated by commas
    input: InputFlags = field(default_factory=InputFlags)
    head: Head | None = None  # what the model's last layer gives
    output_name: str | None = None  # of several outputs, the one that gives the classes
    limits: tuple[float, ...] | None = None  # from where independent labels count: one number, or one a label
    golden: str | None = None  # a folder of images, "generated" or "none"; None takes the run's, else generated ones
    data: Path | None = None  # labelled images on which the usual ways to scale are tried; see `check_conventions`
    input_dtype: Dtype = "uint8"  # of the ONNX graph's input
    min_ort: str | None = None  # the oldest onnxruntime that must run the file, "1.16"; None is any from 1.12 on
    fp16: bool = False  # weights and arithmetic in float16
    overwrite: bool = False


@dataclass(frozen=True)
class StampOptions:
    """What is said of an ONNX file from elsewhere."""

    model: Path
    output: Path  # may be the model itself
    said: Said = field(default_factory=Said)
    overwrite: bool = False  # another file than the model


@dataclass(frozen=True)
class QuantizeOptions:
    """One quantization."""

    model: Path  # a float32 ONNX file with a spec
    calibration: Path  # a folder of images, with or without class folders
    output: Path | None = None  # None names it after the model and the precision that is chosen
    data: Path | None = None  # images to measure on; None takes what calibration leaves over
    max_drop: float = 0.005  # of accuracy, as a fraction; held against the upper end of its 95 % interval
    min_agreement: float = 0.96  # fraction of images with the label of the float32 model
    target: Target = "any"  # the CPUs the file must be right on
    scheme: str | None = None  # takes this one, within the limits; None chooses
    force: bool = False  # writes the scheme that is asked for beyond the limits, too
    finetune: Path | None = None  # a folder of images that the weights learn from; None leaves them as they are
    finetune_steps: int | None = None  # batches of 64 images, fewer where they are large; None takes 800 of 64
    original: Path | None = None  # the Keras model to learn from; None takes the float32 file
    calibration_size: int = 500  # images
    method: CalibrationMethod | None = None  # tries this one only; None tries all
    seed: int = 0
    strict: bool = False  # stops at the first image that cannot be read or is damaged
    threads: int | None = None  # of one inference when latency is measured; None takes one a physical core
    overwrite: bool = False
