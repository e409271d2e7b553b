"""What usually causes a difference: each suspicion is tried, and the one that explains what is seen is named."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.verification.reference import resize_in_numpy
from cnnkit.spec import InputSpec, Interpolation, Resize

Pixels = NDArray[np.uint8]
Tensor = NDArray[np.float32]
Levels = NDArray[np.uint8] | NDArray[np.float64]
Answer = Callable[[Tensor], NDArray[np.float32]]

_EXPLAINED = 0.25  # of the difference may be left for a suspicion to be the cause
_NEAR = 3.0  # mean levels of 255 between two ways to do the same
_IMAGENET_MEAN = np.array([123.675, 116.28, 103.53], np.float32)
_IMAGENET_STD = np.array([58.395, 57.12, 57.375], np.float32)

# What is done to the tensor that the original takes -> what is wrong when the file answers as if it had been done.
SUSPICIONS: Mapping[str, Callable[[Tensor], Tensor]] = {
    "the channels are reversed: one side takes RGB and the other BGR (--color)": lambda x: x[..., ::-1],
    "pixels are scaled to 0..1 twice: leave out the scaling on one side": lambda x: x / np.float32(255),
    "pixels are not scaled to 0..1 on one side": lambda x: x * np.float32(255),
    "one side scales to -1..1 where the other scales to 0..1": lambda x: x * np.float32(2) - np.float32(1),
    "one side scales to 0..1 where the other scales to -1..1": lambda x: (x + np.float32(1)) / np.float32(2),
    "one side scales 0..255 to -1..1 and the other does not": lambda x: x / np.float32(127.5) - np.float32(1),
    "one side standardises by ImageNet's mean and deviation and the other does not": lambda x: (
        (x - _IMAGENET_MEAN) / _IMAGENET_STD if x.shape[-1] == 3 else x
    ),
    "height and width are exchanged": lambda x: x.transpose(0, 2, 1, 3) if x.shape[1] == x.shape[2] else x,
}


def why_answers_differ(original: Answer, tensor: Tensor, answers: NDArray[np.float32]) -> str | None:
    """Names what was done to the images, where that explains a file's answers.

    Args:
        original: Gives the original's (N, classes) probabilities for (N, height, width, channels) float32.
        tensor: What it should take.
        answers: (N, classes) probabilities of the file.

    Returns:
        The suspicion under which the original answers as the file does; None where none explains it.
    """
    seen = _distance(original(tensor), answers)
    found = {text: _distance(original(np.ascontiguousarray(do(tensor))), answers) for text, do in SUSPICIONS.items()}
    best = min(found, key=lambda text: found[text])
    return best if found[best] < _EXPLAINED * seen else None


def why_pixels_differ(ours: Pixels, reference: Pixels) -> str | None:
    """Names what tells two decodings of one file apart; None where it is not known."""
    if _near(ours[..., ::-1], reference):
        return "the channels are reversed: BGR was taken for RGB"
    turned = {
        "turned": (np.rot90(reference, turns) for turns in (1, 2, 3)),
        "mirrored": (np.rot90(reference[:, ::-1], turns) for turns in range(4)),
    }
    for word, images in turned.items():
        if any(_near(ours, image) for image in images):
            return f"the image is {word}: its EXIF orientation is not applied"
    if ours.shape != reference.shape:
        return f"the decoded sizes differ: {_size(ours)} and {_size(reference)}"
    return None


def why_sizes_differ(ours: Pixels, pixels: Pixels, spec: InputSpec) -> str | None:
    """Names how an image was really resized, where that is not how the spec says.

    Args:
        ours: (height, width, channels), as it was resized.
        pixels: (H, W, 3) RGB, as it was before.
        spec: How it should have been resized.
    """
    if spec.channels == 3 and _near(ours[..., ::-1], resize_in_numpy(pixels, spec)):
        return "the channels are reversed: one side takes RGB and the other BGR"
    for other in _other_ways(spec):
        if _near(ours, resize_in_numpy(pixels, other), 1.0):
            aliased = other.interpolation != "area" and spec.interpolation == "area"
            why = ", which aliases where images shrink" if aliased and other.resize == spec.resize else ""
            return (
                f"resized as {other.resize} with {other.interpolation} interpolation{why}, "
                f"where the original takes {spec.resize} with {spec.interpolation}"
            )
    return None


def _other_ways(spec: InputSpec) -> list[InputSpec]:
    """Returns all other ways to resize, those first that differ in one thing: square images are squashed as cropped."""
    ways = itertools.product(get_args(Resize), get_args(Interpolation))
    others = [replace(spec, resize=resize, interpolation=interpolation) for resize, interpolation in ways]
    others.sort(key=lambda other: (other.resize != spec.resize) + (other.interpolation != spec.interpolation))
    return [other for other in others if other != spec]


def _near(one: Levels, other: Levels, most: float = _NEAR) -> bool:
    return one.shape == other.shape and float(np.abs(one.astype(np.float64) - other.astype(np.float64)).mean()) <= most


def _distance(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.nan_to_num(np.abs(one - other), nan=1.0).mean())


def _size(image: Pixels) -> str:
    return f"{image.shape[1]} x {image.shape[0]}"
