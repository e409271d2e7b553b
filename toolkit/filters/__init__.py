"""Convolution and pooling from first principles, and what the classic kernels make of a photo."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.filters.drawing import check_picture as check_picture, draw_filtered as draw_filtered
    from cnnkit.filters.filtering import FilterOptions as FilterOptions, filter_photo as filter_photo
    from cnnkit.filters.kernels import KERNELS as KERNELS
    from cnnkit.filters.own_kernels import find_kernel as find_kernel
else:
    __getattr__ = hand_on(
        __name__,
        {
            "drawing": ("check_picture", "draw_filtered"),
            "filtering": ("FilterOptions", "filter_photo"),
            "kernels": ("KERNELS",),
            "own_kernels": ("find_kernel",),
        },
    )
