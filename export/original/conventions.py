"""The usual ways to scale an image, tried on labelled images: what a network takes shows in its answers.

How images are resized is not among what is tried: it hardly shows in the accuracy of a few hundred images.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import UsageError
from cnnkit.export.options import ExportOptions
from cnnkit.export.original.original import Original, load_original, use_tensorflow
from cnnkit.export.original.scaling import settled_scale
from cnnkit.foreign import InputFlags
from cnnkit.measuring import paired_drop_interval, wilson_interval
from cnnkit.runtime import SCALINGS, Scaling, is_named, read_run_spec, spread
from cnnkit.sources import LabelledFiles, draw_balanced, list_test_files, read_labelled
from cnnkit.spec import Color, InputSpec
from cnnkit.system import log, require

_MOST = 500  # images
_SEED = 0
_BARELY = 0.1  # of the way from chance to all right; a network whose labels are in disorder may get a little off chance
_NO_BETTER = "no way does clearly better than chance: check the order of --labels, or name other images with --data"


@dataclass(frozen=True)
class Convention:
    """A way to scale pixels, and the flags that say it."""

    name: str
    flags: str
    scaling: Scaling


_AS_IT_IS = Convention("0 to 255", "--scale 1", SCALINGS["inside"])
_UNIT = Convention("0 to 1", "--scale 1/255", Scaling(1 / 255))  # what tutorials do
_SETTLED = {one.scaling.scale: one for one in (_AS_IT_IS, _UNIT)}
_PLAIN = (
    _AS_IT_IS,
    _UNIT,
    Convention("-1 to 1", "--scale 1/127.5 --mean 1", SCALINGS["tf"]),
)
_COLOURED = (
    *_PLAIN,
    Convention(
        "ImageNet (torch)", "--scale 1/255 --mean 0.485,0.456,0.406 --std 0.229,0.224,0.225", SCALINGS["torch"],
    ),
    Convention("ImageNet (caffe)", "--scale 1 --mean 103.939,116.779,123.68", SCALINGS["caffe"]),
)  # fmt: skip


@dataclass(frozen=True)
class Tried:
    """How often a network was right with its images scaled in one way."""

    name: str
    color: Color
    flags: str
    right: NDArray[np.bool_]  # (N,) one an image
    chance: float  # the fraction that the same answers, dealt out to the images at random, would have right
    said: bool = False  # by the flags, the run, or the model itself

    @property
    def top1(self) -> float:
        """The fraction of images with the right label."""
        return float(self.right.mean())

    @property
    def interval(self) -> tuple[float, float]:
        """The 95 % interval of `top1`."""
        return wilson_interval(int(self.right.sum()), len(self.right))

    def beats_chance(self) -> bool:
        """Whether the answers clearly have to do with the images."""
        return self.interval[0] > self.chance + _BARELY * (1 - self.chance)

    def beats(self, other: Tried) -> bool:
        """Whether more images are right than in the other way, by more than chance."""
        return paired_drop_interval(self.right, other.right)[1] > 0

    def __str__(self) -> str:
        return f"{self.name} in {self.color}"


def check_conventions(options: ExportOptions) -> tuple[Tried, ...]:
    """Lets a Keras model answer labelled images scaled in each usual way, and in the way that was said.

    Args:
        options: The model, what is said of it, and `options.data`: class folders with the names of its labels, or a
            list of files and labels.

    Returns:
        The best first, and those that do no better than chance last.

    Raises:
        UsageError: Flags are missing or contradict the model.
        DataError: The folders are not those of the labels, or no image can be read.
        SourceError: There is no such folder.
        ModelError: The model cannot be loaded, or is no classifier of one image.
        MissingExtraError: TensorFlow or Keras is not installed.
    """
    require("cnnkit export --data", "export", "tensorflow", "keras")
    use_tensorflow()
    original = load_original(options, scaling_known=True)
    wanted, usual = original.spec.input, _usual(original)
    files = list_test_files(Path(str(options.data)), original.spec.labels)
    read = read_labelled(_drawn(files), replace(wanted, color="gray" if wanted.channels == 1 else "rgb"))
    known = len(usual) == 1 or _is_said(original, options.input)
    ways = _ways(wanted, usual, known=known)
    log.info("answering %d images of %s in %d ways", len(read.images), options.data, len(ways))
    tried = []
    for name, flags, taken in ways:
        images = read.images[..., ::-1] if taken.color == "bgr" else read.images
        one = replace(original, spec=replace(original.spec, input=taken))
        answers = one.probabilities(np.ascontiguousarray(images)).argmax(axis=1)
        chance = _chance(answers, read.targets, len(original.spec.labels))
        tried.append(Tried(name, taken.color, flags, answers == read.targets, chance, said=known and taken == wanted))
    return tuple(sorted(tried, key=lambda one: (not one.beats_chance(), -one.top1)))


def judge(tried: Sequence[Tried]) -> None:
    """Says what follows from the accuracies, the best first: a warning where what was said is doubtful.

    Raises:
        UsageError: Nothing was said; the message says what to add, or that no way can be told from the others.
    """
    said = next((one for one in tried if one.said), None)
    best = tried[0] if tried[0].beats_chance() else None
    if said is None:
        raise UsageError(_NO_BETTER if best is None else _advice(best, tried))
    if best is None:
        log.warning("%s", _NO_BETTER)
    elif best.beats(said):
        log.warning("%s answers better than what was said: it should perhaps be %s", best, best.flags)
    else:
        log.info("nothing answers better than what was said, by more than chance")


def _advice(best: Tried, tried: Sequence[Tried]) -> str:
    equals = [str(one) for one in tried if one is not best and one.beats_chance() and not best.beats(one)]
    if equals:
        return (
            f"{best} answers best, but not by more than chance better than {', '.join(equals)}: add the flags of the "
            f"one it was trained with, such as {best.flags}"
        )
    return f"{best} answers best: if that is how it was trained, add {best.flags}"


def _chance(answers: NDArray[np.int64], targets: NDArray[np.int64], classes: int) -> float:
    """Returns the agreement expected of answers that have nothing to do with the images (Cohen, 1960)."""
    given, there = (np.bincount(of, minlength=classes) / len(of) for of in (answers, targets))
    return float(given @ there)


def _is_said(original: Original, flags: InputFlags) -> bool:
    """Whether the scaling is settled by something else than the model's layers."""
    if flags.says_scaling() or original.spec.input.dtype == "uint8" or is_named(original.path):
        return True
    return read_run_spec(original.path) is not None


def _drawn(files: LabelledFiles) -> LabelledFiles:
    """Draws some images, as many of each class as of the others."""
    classes = {path: str(target) for path, target in zip(files.paths, files.targets, strict=True)}
    drawn = draw_balanced(classes, _MOST, _SEED)
    return replace(files, paths=tuple(drawn), targets=tuple(int(target) for target in drawn.values()))


def _usual(original: Original) -> tuple[Convention, ...]:
    """Returns the conventions to try: one alone where the model's input settles the scaling."""
    taken = original.spec.input
    settled = 1.0 if taken.dtype == "uint8" else settled_scale(original.model, taken)
    if settled is not None:
        return (_SETTLED[settled],)
    return _PLAIN if taken.channels == 1 else _COLOURED


def _ways(wanted: InputSpec, conventions: Sequence[Convention], *, known: bool) -> list[tuple[str, str, InputSpec]]:
    """Returns name, flags and spec of each way to try; the one that was said is among them."""
    colors: tuple[Color, ...] = ("gray",) if wanted.channels == 1 else ("rgb", "bgr")
    ways = []
    for convention in conventions:
        for color in colors:
            scaling = convention.scaling
            if scaling.color in (None, color):
                mean, std = (spread(values, wanted.channels) for values in (scaling.mean, scaling.std))
                taken = replace(wanted, color=color, scale=scaling.scale, mean=mean, std=std)
                flags = convention.flags if color == "gray" else f"{convention.flags} --color {color}"
                ways.append((convention.name, flags, taken))
    if known and wanted not in [taken for _, _, taken in ways]:
        ways.append(("as said", "", wanted))
    return ways
