"""Random flips, shifts, rotations, shears and zooms as one affine map an image: resampled once, and so blurred once."""

from __future__ import annotations

from typing import Any

from cnnkit.train.recipes import Recipe


def geometry_layer(recipe: Recipe, seed: int) -> Any:
    """Makes the layer of a recipe's geometric augmentations.

    Args:
        recipe: flip, translate, rotate, shear, zoom and fill.
        seed: Seeds the layer's own generator, whose state is a variable of the layer.

    Returns:
        A keras.layers.Layer from (N, H, W, C) float32 to the same, which does nothing unless training; None where the
        recipe asks for no geometry. Height and width are zoomed apart: the shapes of things vary, as they do when
        photos are squashed. Flips and shifts alone go by whole pixels and lose nothing to interpolation.
    """
    if not (recipe.flip or recipe.translate or recipe.rotate or recipe.shear or recipe.zoom):
        return None
    import keras
    from keras import ops

    class RandomAffine(keras.layers.Layer):  # type: ignore[misc]
        """Maps every image by an affine map of its own."""

        def __init__(self) -> None:
            super().__init__(name="geometry")
            self._seeds = keras.random.SeedGenerator(seed)

        def call(self, images: Any, training: bool | None = None) -> Any:
            if not training:
                return images
            drawn = keras.random.uniform((ops.shape(images)[0], 7), -1.0, 1.0, seed=self._seeds)
            return ops.image.affine_transform(
                images,
                _affine_maps(drawn, recipe, images.shape[1], images.shape[2]),
                interpolation="nearest" if _by_whole_pixels(recipe) else "bilinear",
                fill_mode=recipe.fill,
                fill_value=0.0,
                data_format="channels_last",
            )

        def compute_output_shape(self, input_shape: Any) -> Any:
            return input_shape

    return RandomAffine()


def _by_whole_pixels(recipe: Recipe) -> bool:
    return not (recipe.rotate or recipe.shear or recipe.zoom)


def _affine_maps(drawn: Any, recipe: Recipe, height: int, width: int) -> Any:
    """Makes maps of random numbers.

    Args:
        drawn: (N, 7) from -1 to 1: flip, shift along x and y, turn, slant, zoom along x and y.
        recipe: How far each of them may go.
        height: Of the images, in pixels.
        width: Likewise.

    Returns:
        (N, 8): of each image the map from pixels of the result to pixels of the source, x first.
    """
    from keras import ops

    flip, shift_x, shift_y, turn, slant, zoom_x, zoom_y = (drawn[:, index] for index in range(7))
    mirrored = ops.where(flip < 0, -1.0, 1.0) if recipe.flip else ops.ones_like(flip)
    angle = turn * (recipe.rotate * 3.141592653589793 / 180.0)
    sine, cosine, slant = ops.sin(angle), ops.cos(angle), slant * recipe.shear
    # The rotation, after the shear x + slant * y, after the zoom; the flip is the last of all.
    wide, high = 1.0 + zoom_x * recipe.zoom, 1.0 + zoom_y * recipe.zoom
    a, b = mirrored * cosine * wide, mirrored * (cosine * slant - sine) * high
    c, d = sine * wide, (sine * slant + cosine) * high
    x, y = _shift(shift_x, recipe, width), _shift(shift_y, recipe, height)
    middle_x, middle_y = (width - 1) / 2, (height - 1) / 2
    x, y = x + middle_x - a * middle_x - b * middle_y, y + middle_y - c * middle_x - d * middle_y
    return ops.stack([a, b, x, c, d, y, ops.zeros_like(a), ops.zeros_like(a)], axis=1)


def _shift(share: Any, recipe: Recipe, size: int) -> Any:
    """Returns pixels for shares from -1 to 1 of the recipe's reach along one side."""
    from keras import ops

    reach = recipe.translate * size
    # Rounding the wider range down gives every whole shift the same chance, the outermost ones too.
    return ops.floor(share * (int(reach) + 0.5) + 0.5) if _by_whole_pixels(recipe) else share * reach
