"""Refuses what would let a network be judged by images it has learned from."""

from __future__ import annotations

from itertools import combinations
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DataError
from cnnkit.system import log
from cnnkit.train.data.dataset import Dataset, Split
from cnnkit.train.data.standardise import fit_standardisation

_NAMES = {"train": "training", "validation": "validation", "test": "test"}


def check_apart(dataset: Dataset) -> None:
    """Refuses splits that share an image, and warns of different images with the very same pixels.

    Raises:
        DataError: An image is in two splits.
    """
    for (name, split), (other_name, other) in combinations(dataset.splits().items(), 2):
        names = f"the {_NAMES[name]} and the {_NAMES[other_name]} images"
        if split.store is other.store:
            shared = len(np.intersect1d(split.rows, other.rows))
            if shared:
                raise DataError(f"leak: {shared:,} images are among both {names}, expected none: divide them anew")
        alike = int(np.isin(_digests(other), _digests(split)).sum())
        if alike:
            log.warning(
                "%s: %s of %s %s images have the very pixels of %s images, which flatters the result",
                dataset.name, f"{alike:,}", f"{len(other):,}", _NAMES[other_name], _NAMES[name],
            )  # fmt: skip


def check_standardisation(network: Any, train: Split) -> None:
    """Refuses a network whose inputs are standardised by other numbers than those of its training images.

    Args:
        network: A keras.Model; what standardises is the layer of that name. Networks without one are not looked at, nor
            those with a pretrained network nested in them, whose standardisation is its own.
        train: The images that it will learn from.

    Raises:
        DataError: The numbers are not what these images give.
    """
    layer = next((layer for layer in network.layers if layer.name == "standardise"), None)
    if layer is None or any(hasattr(other, "layers") for other in network.layers):
        return
    offset, spread = fit_standardisation(train)
    found = (-float(layer.offset) / float(layer.scale), 1.0 / float(layer.scale))
    if not np.allclose(found, (offset, spread), rtol=1e-6):
        raise DataError(
            f"leak: inputs are standardised by {found[0]:g} and {found[1]:g}, the training images alone give "
            f"{offset} and {spread:g}: fit the standardisation on them"
        )


def _digests(split: Split) -> NDArray[np.void]:
    """Returns (N,) digests, each one value that can be compared."""
    digests = np.ascontiguousarray(split.facts().digests)
    return digests.view(np.dtype((np.void, digests.shape[1]))).reshape(-1)
