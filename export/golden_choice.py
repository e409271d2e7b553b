"""Chooses the golden images that travel with an exported model."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError, UsageError
from cnnkit.export.original import Original
from cnnkit.export.samples import telling_images
from cnnkit.measuring import decided
from cnnkit.runtime import decode_golden, encode_golden, least_sure_of_each
from cnnkit.sources import list_images, read_images, warn_of
from cnnkit.spec import MAX_GOLDEN_IMAGES, GoldenImage

_SEED = 0
_MOST = 96  # images to choose from
_ENOUGH = 8  # golden images; where fewer photos fit, or a run has fewer, generated ones make up for them


def choose_golden(original: Original, wish: str | None) -> tuple[tuple[GoldenImage, ...], NDArray[np.uint8]]:
    """Chooses golden images that cover the classes and lie near their boundaries, and lets the Keras model answer.

    Args:
        original: The Keras model; its spec may bring golden images from the run.
        wish: "generated", "none", a folder of images, or None for the run's own, or else generated ones.

    Returns:
        The golden images, at most as many as the spec allows, and the same as (N, height, width, channels) uint8.

    Raises:
        UsageError: The wish is neither a word nor a folder.
        DataError: The folder holds no readable image.
    """
    spec, limits = original.spec, original.spec.label_limits
    if wish in (None, "generated") and not (wish is None and spec.golden):
        images, answers = telling_images(original.probabilities, spec.input, limits)
    else:
        images = _images(original, wish)
        if not len(images):
            return (), images
        answers = original.probabilities(images)
    if len(images) > MAX_GOLDEN_IMAGES:
        chosen = least_sure_of_each(answers, decided(answers, limits), MAX_GOLDEN_IMAGES, limits)
        images, answers = images[chosen], answers[chosen]
    golden = encode_golden(images, answers, color=spec.input.color)
    if len(golden) < min(_ENOUGH, len(images)) or (wish is None and len(golden) < _ENOUGH):
        # Photos of 224 pixels are so large that two fill the room for them.
        more, of_more = telling_images(original.probabilities, spec.input, limits)
        images, answers = (
            np.concatenate([images[: len(golden)], more]),
            np.concatenate([answers[: len(golden)], of_more]),
        )
        golden = encode_golden(images, answers, color=spec.input.color)
    return golden, images[: len(golden)]


def _images(original: Original, wish: str | None) -> NDArray[np.uint8]:
    """Returns the run's own golden images, or those of a folder to choose from; none where none are wished."""
    spec = original.spec
    if wish == "none":
        return np.empty((0, spec.input.height, spec.input.width, spec.input.channels), np.uint8)
    return decode_golden(spec) if wish is None else _from_folder(Path(wish), original)


def _from_folder(folder: Path, original: Original) -> NDArray[np.uint8]:
    if not folder.is_dir():
        raise UsageError(f"--golden {folder}: no such folder, expected a folder of images, generated or none")
    paths = list_images(folder)
    order = np.random.default_rng(_SEED).permutation(len(paths))[:_MOST]
    images, failures = read_images([paths[index] for index in sorted(order)], original.spec.input)
    warn_of(failures)
    if not len(images):
        raise DataError(f"--golden {folder} holds no readable image")
    return images
