"""Augmentation as Keras layers, so that it runs where the network trains."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from cnnkit.train.fitting.geometry import geometry_layer
from cnnkit.train.recipes import Recipe

# The recipe's fields that augment, in the order in which they are applied.
AUGMENTATIONS = (
    "flip", "translate", "rotate", "shear", "zoom", "rand_augment", "brightness", "contrast", "random_erasing", "mixup",
    "cutmix",
)  # fmt: skip
_PIXELS = (0, 255)


def augment(image: Any, target: Any, recipe: Recipe, seed: int) -> dict[str, Any]:
    """Puts all of a recipe's augmentation behind the inputs of a model.

    Args:
        image: A keras.Input of (N, H, W, C) uint8.
        target: A keras.Input of (N, classes) float32.
        recipe: Which augmentation.
        seed: Of the layers.

    Returns:
        "images", (N, H, W, C) float32 pixels in 0..255, and "labels", (N, classes); unchanged unless training.
    """
    import keras

    pixels = keras.ops.cast(image, "float32")
    for layer in augmentation_layers(recipe, seed):
        pixels = layer(pixels)
    mixed = {"images": pixels, "labels": target}
    for layer in mixing_layers(recipe, seed):
        mixed = layer(mixed)
    return mixed


def augmentation_layers(recipe: Recipe, seed: int) -> list[Any]:
    """Returns the recipe's augmentations of single images.

    Args:
        recipe: Which augmentations, and how strong; zeros give none.
        seed: The layers draw from generators seeded with this number and the next ones.

    Returns:
        Keras layers from (N, H, W, C) float32 pixels in 0..255 to the same; they do nothing unless training.
        Geometry comes first, as one affine map.
    """
    from keras import layers

    geometry = geometry_layer(recipe, seed)
    erased = (recipe.random_erasing, recipe.random_erasing)  # one number would be the most of a share drawn each time
    # What is wanted -> how it is made, in the order in which they are applied.
    makers: tuple[tuple[float, Callable[[int], Any]], ...] = (
        (recipe.rand_augment, lambda at: layers.RandAugment(_PIXELS, factor=recipe.rand_augment, seed=at)),
        (recipe.brightness, lambda at: layers.RandomBrightness(recipe.brightness, value_range=_PIXELS, seed=at)),
        (recipe.contrast, lambda at: layers.RandomContrast(recipe.contrast, value_range=_PIXELS, seed=at)),
        (recipe.random_erasing, lambda at: layers.RandomErasing(erased, value_range=_PIXELS, seed=at)),
    )
    others = [make(seed + 1 + place) for place, (wanted, make) in enumerate(makers) if wanted]
    return others if geometry is None else [geometry, *others]


def mixing_layers(recipe: Recipe, seed: int) -> list[Any]:
    """Returns the recipe's augmentations that mix images and their targets: MixUp and CutMix.

    Sources: Zhang et al., "mixup", arXiv:1710.09412; Yun et al., "CutMix", arXiv:1905.04899.

    Args:
        recipe: MixUp's and CutMix's alpha; zeros give none.
        seed: As above; both draw from generators of their own.

    Returns:
        Keras layers from {"images": (N, H, W, C), "labels": (N, classes)} to the same; they do nothing unless training.
    """
    from keras import layers

    makers: tuple[tuple[float, Callable[[int], Any]], ...] = (
        (recipe.mixup, lambda at: layers.MixUp(alpha=recipe.mixup, seed=at)),
        (recipe.cutmix, lambda at: layers.CutMix(factor=recipe.cutmix, seed=at)),
    )
    return [make(seed + 100 + place) for place, (wanted, make) in enumerate(makers) if wanted]
