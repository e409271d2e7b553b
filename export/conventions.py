"""The usual ways to scale an image, tried on labelled images: what a network takes shows in its answers.

How images are resized is not among what is tried: it hardly shows in the accuracy of a few hundred images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.export.foreign import describe_input
from cnnkit.export.labels import parse_labels
from cnnkit.export.layers import in_float32, scales_itself
from cnnkit.export.options import ExportOptions, InputFlags
from cnnkit.export.original import Original, use_tensorflow
from cnnkit.export.quantization.calibration import draw_balanced
from cnnkit.extras import require
from cnnkit.folders import LabelledFiles, list_class_folder, read_labelled, test_split
from cnnkit.keras_runtime import load_keras_model
from cnnkit.messages import log
from cnnkit.run_folder import find_keras_file, read_run_spec
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.spec.fields import Color
from cnnkit.statistics import paired_drop_interval, wilson_interval

_MOST = 500  # images
_SEED = 0


@dataclass(frozen=True)
class Convention:
    """A way to scale pixels, and the flags that say it."""

    name: str
    flags: str
    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)
    std: tuple[float, ...] = (1.0,)
    color: Color | None = None  # None goes with both orders


# Sources: the modes of keras.applications' preprocess_input, and what tutorials divide by.
_AS_IT_IS = Convention("0 to 255", "--scale 1")
_PLAIN = (
    _AS_IT_IS,
    Convention("0 to 1", "--scale 1/255", 1 / 255),
    Convention("-1 to 1", "--scale 1/127.5 --mean 1", 1 / 127.5, (1.0,)),
)
_COLOURED = (
    *_PLAIN,
    Convention(
        "ImageNet (torch)", "--scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225", 1 / 255,
        (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "rgb",
    ),
    Convention("ImageNet (caffe)", "--scale 1 --mean 103.939,116.779,123.68", 1.0, (103.939, 116.779, 123.68),
               color="bgr"),
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """How often a network was right with its images scaled in one way."""

    name: str
    color: Color
    flags: str
    right: NDArray[np.bool_]  # (N,) one an image
    classes: int
    said: bool = False  # by the flags or the run

    @property
    def top1(self) -> float:
        """The fraction of images with the right label."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `top1`."""
        return wilson_interval(int(self.right.sum()), len(self.right))


def check_conventions(options: ExportOptions) -> tuple[Tried, ...]:
    """Lets a Keras model answer labelled images scaled in each usual way, and in the way that was said.

    Args:
        options: The model, what is said of it, and `options.data`: class folders with the names of its labels.

    Returns:
        The best first.

    Raises:
        UsageError: The labels are not said, or the folders are not those of the labels.
        DataError: No image can be read.
        ModelError: The model cannot be loaded.
        MissingExtraError: TensorFlow or Keras is not installed.
    """
    require("cnnkit export --data", "export", "tensorflow", "keras")
    use_tensorflow()
    path = find_keras_file(options.source)
    run = read_run_spec(path)
    labels = _labels(options, run, path)
    model = in_float32(load_keras_model(path))
    wanted = _said(options.input, model, path) if run is None else run.input
    files = list_class_folder(test_split(Path(str(options.data))), labels)
    read = read_labelled(_drawn(files), replace(wanted, color="gray" if wanted.channels == 1 else "rgb"))
    known = run is not None or options.input.says_scaling() or wanted.dtype == "uint8" or scales_itself(model)
    log.info("answering %d images of %s in each usual way", len(read.images), options.data)
    ways = _ways(wanted, known=known, scales_itself=wanted.dtype == "uint8" or (run is None and scales_itself(model)))
    tried = []
    for name, flags, taken in ways:
        images = read.images[..., ::-1] if taken.color == "bgr" else read.images
        answers = Original(path, model, ModelSpec(labels, taken)).probabilities(np.ascontiguousarray(images))
        right = answers.argmax(axis=1) == read.targets
        tried.append(Tried(name, taken.color, flags, right, len(labels), said=known and taken == wanted))
    return tuple(sorted(tried, key=lambda one: -one.top1))


def judge(tried: Sequence[Tried]) -> str:
    """Returns what follows from the accuracies, the best first, in one line."""
    best = tried[0]
    if best.interval[0] <= 1 / best.classes:
        return "no way does better than chance: check the order of --labels, or name other images"
    said = next((one for one in tried if one.said), None)
    if said is None:
        return f"{best.name} in {best.color} answers best: if that is how it was trained, add {best.flags}"
    if paired_drop_interval(best.right, said.right)[1] > 0:
        return f"what was said answers worse than {best.name} in {best.color}: it should perhaps be {best.flags}"
    return "nothing answers better than what was said, by more than chance"


def _labels(options: ExportOptions, run: ModelSpec | None, path: Path) -> tuple[str, ...]:
    if options.labels is not None:
        return parse_labels(options.labels)
    if run is None:
        raise UsageError(f"{path} does not say its class names: add --labels, a file of names or a,b,c in output order")
    return run.labels


def _said(flags: InputFlags, model: Any, path: Path) -> InputSpec:
    """Returns what the flags say, with pixels as they are where they say nothing of them."""
    plain = describe_input(model, replace(flags, scale=None, mean=None, std=None), path, scaling_known=True)
    return plain if plain.dtype == "uint8" else describe_input(model, flags, path, scaling_known=True)


def _drawn(files: LabelledFiles) -> LabelledFiles:
    """Draws some images, as many of each class as of the others."""
    classes = {path: str(target) for path, target in zip(files.paths, files.targets, strict=True)}
    drawn = draw_balanced(classes, _MOST, _SEED)
    return replace(files, paths=tuple(drawn), targets=tuple(int(target) for target in drawn.values()))


def _ways(wanted: InputSpec, *, known: bool, scales_itself: bool) -> list[tuple[str, str, InputSpec]]:
    """Returns name, flags and spec of each way to try; the one that was said is among them."""
    conventions = (_AS_IT_IS,) if scales_itself else _PLAIN if wanted.channels == 1 else _COLOURED
    colors: tuple[Color, ...] = ("gray",) if wanted.channels == 1 else ("rgb", "bgr")
    ways = []
    for convention in conventions:
        for color in colors:
            if convention.color in (None, color):
                taken = replace(
                    wanted, color=color, scale=convention.scale, mean=_spread(convention.mean, wanted.channels),
                    std=_spread(convention.std, wanted.channels),
                )  # fmt: skip
                flags = convention.flags if color == "gray" else f"{convention.flags} --color {color}"
                ways.append((convention.name, flags, taken))
    if known and wanted not in [taken for _, _, taken in ways]:
        ways.append(("as said", "", wanted))
    return ways


def _spread(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    return values * channels if len(values) == 1 else values
