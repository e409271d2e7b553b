"""Images to try a model on where no photos are at hand: generated ones, and variations of given ones."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

import cnnkit
from cnnkit.measuring import Limits, decided
from cnnkit.runtime import least_sure_of_each
from cnnkit.spec import MAX_GOLDEN_IMAGES, InputSpec
from cnnkit.system import import_cv2

Images = NDArray[np.uint8]
Answers = NDArray[np.float32]

_GOLDEN_SEED = 0
_DRAWN = 96  # images of each kind to choose golden ones from
_PHOTO = Path(cnnkit.__file__).parent / "examples" / "cat.jpg"  # CC0
_DETAIL, _LEVEL = 96, 16  # pixels a side, and levels of 255, that are left of it


def generated_images(count: int, taken: InputSpec, seed: int) -> Images:
    """Draws smooth images of several kinds in turn: gradients, blobs, coarse noise, stripes.

    They compress well, so that many fit into a spec, and between them they reach all brightnesses.

    Args:
        count: How many.
        taken: Their size and channels.
        seed: The same seed draws the same images.

    Returns:
        (count, height, width, channels) uint8.
    """
    rng = np.random.default_rng(seed)
    kinds = (_gradient, _blobs, _noise, _stripes)
    size = (taken.height, taken.width, taken.channels)
    drawn = [_to_bytes(kinds[index % len(kinds)](rng, size), rng) for index in range(count)]
    return np.stack(drawn) if drawn else np.empty((0, *size), np.uint8)


def telling_images(
    answer: Callable[[Images], Answers],
    taken: InputSpec,
    limits: Limits = (),
    *,
    fit: Callable[[Images, Answers], NDArray[np.bool_]] | None = None,
) -> tuple[Images, Answers]:
    """Makes images of which a network's answers vary: many labels, near to boundaries and yet clear.

    Args:
        answer: Gives (N, classes) probabilities of (N, height, width, channels) uint8.
        taken: Size and channels of the images.
        limits: Of independent labels.
        fit: Says of images and their answers, (N,), which may be taken; None takes any.

    Returns:
        As many images as a spec may hold, or as fit, and their answers.
    """
    images = np.concatenate([blended_photo(_DRAWN, taken, _GOLDEN_SEED), generated_images(_DRAWN, taken, _GOLDEN_SEED)])
    answers = answer(images)
    if fit is not None:
        fitting = fit(images, answers)
        images, answers = images[fitting], answers[fitting]
    chosen = least_sure_of_each(answers, decided(answers, limits), MAX_GOLDEN_IMAGES, limits)
    return images[chosen], answers[chosen]


def blended_photo(count: int, taken: InputSpec, seed: int) -> Images:
    """Blends parts of the photograph of a cat in the package, which is CC0, with generated images.

    Networks that know photographs answer these as surely as photographs, and rounding moves the answers as little. Few
    levels of brightness keep the files small.

    Args:
        count: How many.
        taken: Their size and channels.
        seed: The same seed makes the same images.

    Returns:
        (count, height, width, channels) uint8.
    """
    cv2 = import_cv2()
    rng = np.random.default_rng(seed)
    photo = cv2.imdecode(np.frombuffer(_PHOTO.read_bytes(), np.uint8), cv2.IMREAD_COLOR)[..., ::-1]
    drawn = generated_images(count, taken, seed)
    for index, image in enumerate(drawn):
        part = _part_of(photo, rng, image.shape)
        share = rng.uniform(0.4, 0.8)
        drawn[index] = _rounded((part * share + image * (1 - share)) // _LEVEL * _LEVEL)
    return drawn


def _part_of(photo: Images, rng: np.random.Generator, size: tuple[int, ...]) -> NDArray[np.float64]:
    """Cuts a square, brings it to a size and mixes its colours up."""
    cv2 = import_cv2()
    height, width = photo.shape[:2]
    side = int(min(height, width) * rng.uniform(0.3, 1))
    top, left = int(rng.integers(height - side + 1)), int(rng.integers(width - side + 1))
    square = np.ascontiguousarray(photo[top : top + side, left : left + side])
    small = cv2.resize(square, (min(_DETAIL, size[1]), min(_DETAIL, size[0])), interpolation=cv2.INTER_AREA)
    part = cv2.resize(small, (size[1], size[0]), interpolation=cv2.INTER_LINEAR).astype(np.float64)
    mixed: NDArray[np.float64] = part[..., rng.permutation(3)]
    return mixed if size[2] == 3 else mixed.mean(axis=-1, keepdims=True)


def varied_images(images: Images, count: int, seed: int) -> Images:
    """Makes other images out of given ones: enlarged crops and blends of two, in turn.

    Args:
        images: (N, height, width, channels) uint8, N at least 1.
        count: How many to make.
        seed: The same seed makes the same images.

    Returns:
        (count, height, width, channels) uint8.
    """
    rng = np.random.default_rng(seed)
    makers = (_crop, _blend)
    made = [makers[index % len(makers)](rng, images) for index in range(count)]
    return np.stack(made) if made else images[:0]


def _gradient(rng: np.random.Generator, size: tuple[int, int, int]) -> NDArray[np.float64]:
    y, x = _grid(size)
    angles = rng.uniform(0, 2 * np.pi, size[2])
    return np.stack([x * np.cos(angle) + y * np.sin(angle) for angle in angles], axis=-1)


def _blobs(rng: np.random.Generator, size: tuple[int, int, int]) -> NDArray[np.float64]:
    y, x = _grid(size)
    image = np.zeros(size)
    for _ in range(4):
        (top, left), width = rng.uniform(-1, 1, 2), rng.uniform(0.1, 0.6)
        bump = np.exp(-((x - left) ** 2 + (y - top) ** 2) / (2 * width**2))
        image += bump[..., None] * rng.uniform(-1, 1, size[2])
    return image


def _noise(rng: np.random.Generator, size: tuple[int, int, int]) -> NDArray[np.float64]:
    cells = int(rng.integers(4, 13))
    coarse = rng.normal(size=(cells, cells, size[2]))
    cv2 = import_cv2()
    smooth: NDArray[np.float64] = cv2.resize(coarse, (size[1], size[0]), interpolation=cv2.INTER_LINEAR)
    return smooth.reshape(size)


def _stripes(rng: np.random.Generator, size: tuple[int, int, int]) -> NDArray[np.float64]:
    y, x = _grid(size)
    angle, waves = rng.uniform(0, np.pi), rng.uniform(1, 6)
    phases = rng.uniform(0, 2 * np.pi, size[2])
    along = (x * np.cos(angle) + y * np.sin(angle)) * waves * np.pi
    return np.stack([np.sin(along + phase) for phase in phases], axis=-1)


def _grid(size: tuple[int, int, int]) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Returns y and x of each pixel, from -1 to 1."""
    y, x = np.meshgrid(np.linspace(-1, 1, size[0]), np.linspace(-1, 1, size[1]), indexing="ij")
    return y, x


def _to_bytes(image: NDArray[np.float64], rng: np.random.Generator) -> Images:
    """Stretches an image to a random range of brightness at least a quarter wide."""
    low, high = image.min(), image.max()
    dark = rng.uniform(0, 0.4)
    bright = rng.uniform(dark + 0.25, 1)
    unit = (image - low) / max(high - low, 1e-9)
    return _rounded((dark + unit * (bright - dark)) * 255)


def _rounded(values: NDArray[np.float64]) -> Images:
    pixels: Images = np.rint(values).astype(np.uint8)
    return pixels


def _crop(rng: np.random.Generator, images: Images) -> Images:
    cv2 = import_cv2()
    image = images[rng.integers(len(images))]
    height, width = image.shape[:2]
    part = rng.uniform(0.5, 0.95)
    rows, columns = max(1, round(height * part)), max(1, round(width * part))
    top, left = int(rng.integers(height - rows + 1)), int(rng.integers(width - columns + 1))
    cut = np.ascontiguousarray(image[top : top + rows, left : left + columns])
    enlarged: Images = cv2.resize(cut, (width, height), interpolation=cv2.INTER_LINEAR)
    return enlarged.reshape(image.shape)


def _blend(rng: np.random.Generator, images: Images) -> Images:
    first, second = images[rng.integers(len(images), size=2)].astype(np.float64)
    weight = rng.uniform(0.3, 0.7)
    return _rounded(first * weight + second[:, ::-1] * (1 - weight))
