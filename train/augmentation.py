"""Augmentation as Keras layers, so that it runs where the network trains."""

from __future__ import annotations

from typing import Any

from cnnkit.train.recipe import Recipe


def augmentation_layers(recipe: Recipe, seed: int) -> list[Any]:
    """Returns the recipe's augmentations.

    Args:
        recipe: Which augmentations, and how strong; zeros give none.
        seed: The layers draw from generators seeded with this number and the next ones.

    Returns:
        Keras layers from (N, H, W, C) float32 pixels in 0..255 to the same; they do nothing unless training. Shifts,
        zooms and rotations fill with black.
    """
    from keras import layers

    fill = {"fill_mode": "constant", "fill_value": 0.0}
    chosen: list[Any] = []
    if recipe.flip:
        chosen.append(layers.RandomFlip("horizontal", seed=seed))
    if recipe.translate:
        # Whole-pixel shifts lose nothing to interpolation.
        reach = recipe.translate
        chosen.append(layers.RandomTranslation(reach, reach, interpolation="nearest", seed=seed + 1, **fill))
    if recipe.rotate:
        chosen.append(layers.RandomRotation(recipe.rotate / 360.0, seed=seed + 2, **fill))
    if recipe.zoom:
        # Height and width are drawn apart: the shapes of things vary, as they do when photos are squashed or cropped.
        chosen.append(layers.RandomZoom(recipe.zoom, recipe.zoom, seed=seed + 3, **fill))
    return chosen
