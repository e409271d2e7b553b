"""The ImageNet classifiers themselves: EfficientNet-Lite with its last layer, its labels and its input."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnkit.errors import UsageError
from cnnkit.runtime.pretrained.lite import CLASSES, LITES, build_base
from cnnkit.runtime.pretrained.weights import load_weights

if TYPE_CHECKING:
    from cnnkit.spec import InputSpec

_MEAN, _SPREAD = 127, 128  # of pixels
_LABELS = Path(__file__).with_name("imagenet.txt")


def is_imagenet(path: Path) -> bool:
    """Whether a path is the name of an ImageNet classifier rather than a file."""
    return str(path) in LITES and not path.exists()


def load_imagenet(path: Path) -> Any:
    """Builds an ImageNet classifier with its weights.

    Args:
        path: Its name, such as "efficientnet_lite0".

    Returns:
        A keras.Model: (N, size, size, 3) float32, (pixel - 127) / 128, to (N, 1000) probabilities.

    Raises:
        ModelError: Its weights are not installed, or are damaged.
    """
    from keras import Model, layers

    lite = LITES[str(path)]
    base = build_base(lite, lite.size, lite.size)
    last = load_weights(base, lite)
    head = layers.Dense(CLASSES, activation="softmax", name="probabilities")
    model = Model(base.input, head(base.output), name=lite.name)
    head.set_weights(list(last))
    return model


def imagenet_input(path: Path, size: tuple[int, int] | None) -> InputSpec:
    """Returns how an ImageNet classifier wants its images: the middle square, (pixel - 127) / 128, RGB.

    Args:
        path: Its name.
        size: Height and width in pixels that the user wants.

    Raises:
        UsageError: That is another size than the network's.
    """
    from cnnkit.spec import InputSpec

    side = LITES[str(path)].size
    if size not in (None, (side, side)):
        raise UsageError(f"--size does not fit {path}, which takes {side}x{side}")
    mean = (_MEAN / _SPREAD,) * 3
    return InputSpec(side, side, 3, color="rgb", dtype="float32", resize="crop", scale=1 / _SPREAD, mean=mean)


@cache
def imagenet_labels() -> tuple[str, ...]:
    """Returns the 1,000 names of ImageNet's classes, all different, in the order of a network's outputs."""
    return tuple(_LABELS.read_text(encoding="utf-8").splitlines())
