"""The fields of the model spec as frozen dataclasses; the docstrings are the format's documentation."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

SPEC_VERSION = 2  # the newest that is read; what version 1 can say is written as version 1
NO_LABEL = "none"  # what is said where not one independent label counts
USUAL_LIMIT = 0.5  # from which probability on an independent label counts
LARGEST_SIDE = 16_384  # pixels of a model's input; more is no image classifier
LARGEST_SEED = 2**32 - 1  # that the generators of NumPy and Keras take
METADATA_KEY = "cnnkit.spec"

Color = Literal["rgb", "bgr", "gray"]
Layout = Literal["nhwc", "nchw"]
Dtype = Literal["uint8", "float32", "float16"]
Resize = Literal["squash", "crop", "pad"]
Interpolation = Literal["area", "linear", "cubic"]
Output = Literal["probabilities", "logits", "independent", "independent-logits"]
INDEPENDENT = frozenset({"independent", "independent-logits"})  # a sigmoid a label, from version 2 on
Precision = Literal["float32", "float16", "int8"]


@dataclass(frozen=True)
class InputSpec:
    """How an image becomes the model's input tensor.

    For float inputs x = (pixel * scale - mean) / std per channel, with pixel from 0 to 255.
    """

    height: int  # pixels
    width: int  # pixels
    channels: int  # 3, or 1 for gray
    color: Color = "rgb"
    layout: Layout = "nhwc"
    dtype: Dtype = "uint8"
    resize: Resize = "squash"
    interpolation: Interpolation = "area"
    scale: float = 1.0  # float inputs only
    mean: tuple[float, ...] = ()  # one a channel; empty means zeros
    std: tuple[float, ...] = ()  # one a channel; empty means ones


@dataclass(frozen=True)
class GraphFacts:
    """What the graph is made of, counted once at export so that nobody needs the onnx package to know."""

    parameters: int  # trained numbers
    multiply_adds: int  # per image
    opset: int
    ir_version: int


@dataclass(frozen=True)
class Tolerance:
    """What `cnnkit verify` allows between this file and the original on the golden images."""

    max_probability_difference: float = 1e-4  # 0 to 1
    max_label_changes: int = 0  # golden images whose top-1 label may differ


@dataclass(frozen=True)
class DatasetRecord:
    """The data a model was trained on, by name and fingerprint, never by path."""

    name: str
    images: Mapping[str, int]  # by split: train, validation, test
    fingerprint: str  # SHA-256 over the images and labels, hexadecimal


@dataclass(frozen=True)
class Provenance:
    """Where a model comes from; fields that nobody knows are None."""

    cnnkit_version: str
    architecture: str | None = None
    recipe: str | None = None
    seed: int | None = None
    dataset: DatasetRecord | None = None
    keras_sha256: str | None = None  # of the .keras or .h5 file
    original_input: InputSpec | None = None  # what that Keras file itself takes
    metrics: Mapping[str, float] = field(default_factory=dict)  # on the test split, fractions


@dataclass(frozen=True)
class Quantization:
    """How a model was quantized, what that cost where it was done, and why it was chosen; accuracies are fractions.

    A model that was left in float32, since nothing else was faster and right enough, says that too.
    """

    scheme: str
    calibration_images: int
    calibration_fingerprint: str
    cpu: str  # the CPU it was measured on
    evaluation: Mapping[str, float] = field(default_factory=dict)  # top1, top1_float, drop, agreement, images
    latency: Mapping[str, float] = field(default_factory=dict)  # milliseconds at batch 1, and ratio to float
    precision: Precision = "int8"
    precise_x64: bool = False  # right only with `session.x64quantprecision` on x86 CPUs without VNNI
    target: str = "any"  # the CPUs it must be right on
    decision: str = ""  # why this one, in a sentence
    candidates: Mapping[str, Mapping[str, float]] = field(default_factory=dict)  # by scheme: what was measured


@dataclass(frozen=True)
class GoldenImage:
    """An image of the model's size with the answer of the original Keras model."""

    png: bytes  # an encoded PNG of height x width, RGB or gray
    probabilities: tuple[float, ...]  # one a label


@dataclass(frozen=True)
class ModelSpec:
    """All that is needed to use a model file rightly."""

    labels: tuple[str, ...]  # class names in output order
    input: InputSpec
    output: Output = "probabilities"
    graph: GraphFacts | None = None
    tolerance: Tolerance = field(default_factory=Tolerance)
    provenance: Provenance | None = None
    quantization: Quantization | None = None
    golden: tuple[GoldenImage, ...] = ()
    limits: tuple[float, ...] = ()  # of independent labels: from which probability on each counts; empty means 0.5

    @property
    def independent(self) -> bool:
        """Whether any number of the labels may be right for an image, rather than one."""
        return self.output in INDEPENDENT

    @property
    def label_limits(self) -> tuple[float, ...]:
        """From which probability on each of the independent labels counts; empty where one class is right."""
        if not self.independent:
            return ()
        return self.limits or (USUAL_LIMIT,) * len(self.labels)
