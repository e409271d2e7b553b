"""The stages between an image file and the pixels that a model takes, each beside a second way to do it."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, ImageError
from cnnkit.export.verification.causes import why_pixels_differ, why_sizes_differ
from cnnkit.export.verification.reference import decode_with_pillow, resize_in_numpy
from cnnkit.images import DEFAULT_MAX_PIXELS, read_image, resize_image
from cnnkit.measuring import Stage, stage_of
from cnnkit.sources import warn_of
from cnnkit.spec import InputSpec

DECODERS_DIFFER = 2.0  # mean levels of an image: decoders round the same arithmetic in different ways
RESIZERS_DIFFER = 1.0  # mean levels of an image: rounded to bytes once, or after each axis

Pixels = NDArray[np.uint8]
Probabilities = Callable[[Pixels], NDArray[np.float32]]


@dataclass(frozen=True)
class Picture:
    """An image file as cnnkit reads it, and as it should be."""

    path: Path
    pixels: Pixels  # (H, W, 3) RGB, by cnnkit
    resized: Pixels  # (height, width, channels) by cnnkit, as the model file takes it
    decoded: Pixels | None  # (H, W, 3) RGB, by Pillow; None where Pillow is no judge


def read_pictures(paths: Sequence[Path], taken: InputSpec, *, strict: bool = False) -> tuple[Picture, ...]:
    """Reads image files in both ways; those that cannot be used are said and left out.

    Raises:
        DataError: None can be used, or, with `strict`, one cannot.
    """
    pictures = []
    for path in paths:
        try:
            pixels = read_image(path).sound(str(path)).pixels
        except ImageError as error:
            warn_of([error], strict=strict)
            continue
        pictures.append(
            Picture(path, pixels, resize_image(pixels, taken), decode_with_pillow(path, DEFAULT_MAX_PIXELS))
        )
    if not pictures:
        raise DataError("none of the images to verify with can be read")
    return tuple(pictures)


def decoding_stage(pictures: Sequence[Picture], taken: InputSpec, answer: Probabilities) -> Stage | None:
    """Compares cnnkit's decoding with Pillow's.

    Args:
        pictures: The images.
        taken: What the model file takes.
        answer: The model file.

    Returns:
        None where Pillow can judge none of them.
    """
    judged = [picture for picture in pictures if picture.decoded is not None]
    if not judged:
        return None
    references = [_known(picture.decoded) for picture in judged]
    differences = [_differences(picture.pixels, wanted) for picture, wanted in zip(judged, references, strict=True)]
    worst = max(range(len(judged)), key=lambda index: differences[index][0])
    passed = differences[worst][0] <= DECODERS_DIFFER
    cause = ""
    if not passed:
        why = why_pixels_differ(judged[worst].pixels, references[worst]) or "its pixels differ from Pillow's"
        cause = f"{judged[worst].path.name}: {why}"
    expected = answer(np.stack([resize_image(wanted, taken) for wanted in references]))
    answers = answer(np.stack([picture.resized for picture in judged]))
    largest = max(difference for _, difference in differences)
    return stage_of("decoding", expected, answers, passed=passed, max_pixel_difference=largest, cause=cause)


def resizing_stage(pictures: Sequence[Picture], wanted: InputSpec, answer: Probabilities) -> Stage:
    """Compares cnnkit's resizing for the model file with plain arithmetic for the original.

    Args:
        pictures: The images.
        wanted: Size, colours, resize and interpolation that the original was trained with.
        answer: The model file.
    """
    references = [resize_in_numpy(picture.pixels, wanted) for picture in pictures]
    differences = [_differences(picture.resized, other) for picture, other in zip(pictures, references, strict=True)]
    worst = max(range(len(pictures)), key=lambda index: differences[index][0])
    passed = differences[worst][0] <= RESIZERS_DIFFER
    cause = ""
    if not passed:
        why = why_sizes_differ(pictures[worst].resized, pictures[worst].pixels, wanted)
        cause = f"{pictures[worst].path.name}: {why or 'its pixels differ from the arithmetic'}"
    expected = answer(np.stack([np.rint(reference).astype(np.uint8) for reference in references]))
    answers = answer(np.stack([picture.resized for picture in pictures]))
    largest = max(difference for _, difference in differences)
    return stage_of("resizing", expected, answers, passed=passed, max_pixel_difference=largest, cause=cause)


def _differences(one: Pixels, other: Pixels | NDArray[np.float64]) -> tuple[float, float]:
    """Returns the mean and the largest difference in levels; 255 each where the shapes differ."""
    if one.shape != other.shape:
        return 255.0, 255.0
    differences = np.abs(one.astype(np.float64) - other.astype(np.float64))
    return float(differences.mean()), float(differences.max())


def _known(decoded: Pixels | None) -> Pixels:
    assert decoded is not None  # the caller has left the others out
    return decoded
