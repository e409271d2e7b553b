"""Features of all images of a split, and of augmented views of them, each computed once."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.runtime import full_precision
from cnnkit.train.data import Split
from cnnkit.train.fitting import augmentation_layers
from cnnkit.train.progress import StepBar
from cnnkit.train.recipes import Recipe

_BATCH = 32  # images


def compute_features(features: Any, split: Split, title: str) -> NDArray[np.float32]:
    """Computes the features of a split's images as they are.

    Args:
        features: A keras.Model: (N, H, W, C) float32 pixels in 0..255 to (N, F).
        split: The images; the next batches are read while the device works on one.
        title: What a bar on a terminal is called.

    Returns:
        (len(split), F) float32.

    Raises:
        DataError: A file cannot be read any more.
    """
    return np.concatenate(list(_batches(features, split, title)))


def compute_view(features: Any, split: Split, recipe: Recipe, seed: int, title: str) -> NDArray[np.float32]:
    """Computes the features of one augmented view of each image; the views are made on the device.

    Args:
        features: As above.
        split: The images.
        recipe: Its augmentations of single images.
        seed: Of the augmentation.
        title: As above.

    Returns:
        (len(split), F) float32, in the order of the images.

    Raises:
        DataError: A file cannot be read any more.
    """
    import keras

    image = keras.Input(features.input_shape[1:], name="image")
    pixels = image
    for layer in augmentation_layers(recipe, seed):
        pixels = layer(pixels, training=True)
    return np.concatenate(list(_batches(keras.Model(image, features(pixels, training=False)), split, title)))


def _batches(model: Any, split: Split, title: str) -> Iterator[NDArray[np.float32]]:
    bar = StepBar(-(-len(split) // _BATCH))
    bar.start(title)
    try:
        with full_precision():
            for images in split.batches(_BATCH):
                # Filled up, so that one size of batch is compiled.
                filled = np.concatenate([images, np.repeat(images[-1:], _BATCH - len(images), axis=0)])
                yield np.asarray(model.predict_on_batch(filled.astype(np.float32)), np.float32)[: len(images)]
                bar.advance(1)
    finally:
        bar.stop()
