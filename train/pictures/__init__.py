"""Pictures of training: samples, augmented images, class counts, curves."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.pictures.alike import draw_alike as draw_alike
    from cnnkit.train.pictures.data import draw_class_counts as draw_class_counts, draw_samples as draw_samples
    from cnnkit.train.pictures.image_grids import Cell as Cell, draw_cells as draw_cells
    from cnnkit.train.pictures.pictures import open_picture as open_picture, picture_text as picture_text
    from cnnkit.train.pictures.plots import draw_curves as draw_curves, training_curve as training_curve
    from cnnkit.train.pictures.previews import draw_previews as draw_previews
else:
    __getattr__ = hand_on(
        __name__,
        {
            "alike": ("draw_alike",),
            "data": ("draw_class_counts", "draw_samples"),
            "image_grids": ("Cell", "draw_cells"),
            "pictures": ("open_picture", "picture_text"),
            "plots": ("draw_curves", "training_curve"),
            "previews": ("draw_previews",),
        },
    )
