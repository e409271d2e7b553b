"""Networks of keras.applications by name: "keras-app:MobileNetV3Small", with ":random" behind it without weights."""

from __future__ import annotations

import contextlib
import inspect
import sys
import warnings
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnnkit.errors import ModelError, UsageError

if TYPE_CHECKING:
    from cnnkit.spec import Color, InputSpec

PREFIX = "keras-app:"
_RANDOM = "random"
_CLASSES = 1000
_SIZE = 224
Convention = Literal["inside", "tf", "torch", "caffe"]


@dataclass(frozen=True)
class Scaling:
    """How pixels from 0 to 255 become an input: (pixel * scale - mean) / std."""

    scale: float = 1.0
    mean: tuple[float, ...] = (0.0,)  # one number, or one a channel
    std: tuple[float, ...] = (1.0,)
    color: Color | None = None  # the order of the channels it comes with; None goes with any


# Source: the modes of keras.applications.imagenet_utils.preprocess_input.
SCALINGS: dict[Convention, Scaling] = {
    "inside": Scaling(),
    "tf": Scaling(1 / 127.5, (1.0,)),
    "torch": Scaling(1 / 255, (0.485, 0.456, 0.406), (0.229, 0.224, 0.225), "rgb"),
    "caffe": Scaling(1.0, (103.939, 116.779, 123.68), color="bgr"),
}
# How each family takes its pixels, as its own `preprocess_input` does it; all others have that inside the network.
# Source: keras.applications, the `mode` of imagenet_utils.preprocess_input in each module.
_CONVENTIONS: dict[str, Convention] = {
    "densenet": "torch", "inception_resnet_v2": "tf", "inception_v3": "tf", "mobilenet": "tf", "mobilenet_v2": "tf",
    "nasnet": "tf", "resnet": "caffe", "resnet_v2": "tf", "vgg16": "caffe", "vgg19": "caffe", "xception": "tf",
}  # fmt: skip


def is_app(path: Path) -> bool:
    """Whether a path is the name of a network rather than a file."""
    return str(path).startswith(PREFIX)


def app_name(path: Path) -> str:
    """Returns the name of the network alone, "MobileNetV3Small"."""
    return str(path).removeprefix(PREFIX).partition(":")[0]


def load_app(path: Path, keras: Any) -> Any:
    """Builds a network of keras.applications, with its ImageNet weights unless random ones are asked for.

    Args:
        path: "keras-app:NAME" or "keras-app:NAME:random".
        keras: The module.

    Raises:
        ModelError: There is no such network, or its weights can be neither found nor downloaded.
    """
    make = _maker(path, keras)
    _, colon, weights = str(path).removeprefix(PREFIX).partition(":")
    if colon and weights != _RANDOM:
        raise ModelError(f"{path}: {weights!r} names no weights, expected {PREFIX}NAME or {PREFIX}NAME:{_RANDOM}")
    if colon:
        return make(weights=None)
    try:
        with contextlib.redirect_stdout(sys.stderr), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # one family says which of its weights it takes where no size is given
            return make(weights="imagenet")
    except Exception as error:  # whatever the download raises
        raise ModelError(
            f"{path}: its weights cannot be downloaded ({_first_line(error)}): put them into the Keras cache, "
            f"or say {PREFIX}{app_name(path)}:{_RANDOM} for random ones"
        ) from error


def app_input(path: Path, model: Any, keras: Any, size: tuple[int, int] | None) -> InputSpec:
    """Returns how a network wants its images.

    Args:
        path: Its name.
        model: The network.
        keras: The module.
        size: Height and width in pixels of networks that take any; None is 224 x 224, on which they were trained.

    Raises:
        UsageError: The network takes another size.
    """
    from cnnkit.spec import InputSpec

    fixed, channels = model.input_shape[1:3], model.input_shape[3]
    if None not in fixed and size not in (None, fixed):
        raise UsageError(f"--size does not fit {path}, which takes {fixed[0]}x{fixed[1]}")
    height, width = fixed if None not in fixed else size or (_SIZE, _SIZE)
    module = _maker(path, keras).__module__.rpartition(".")[2]
    scaling = SCALINGS[_CONVENTIONS.get(module, "inside")]
    return InputSpec(
        height, width, channels, color=scaling.color or "rgb", dtype="float32", resize="crop", scale=scaling.scale,
        mean=spread(scaling.mean, channels), std=spread(scaling.std, channels),
    )  # fmt: skip


def spread(values: tuple[float, ...], channels: int) -> tuple[float, ...]:
    """Returns one number a channel where there is one for all."""
    return values * channels if len(values) == 1 else values


def app_labels(path: Path, keras: Any) -> tuple[str, ...]:
    """Returns the class names of ImageNet, made distinct where two are alike; numbered ones for random weights.

    Raises:
        ModelError: Keras' list of names can be neither found nor downloaded.
    """
    if str(path).endswith(f":{_RANDOM}"):
        return tuple(f"class_{number}" for number in range(_CLASSES))
    import numpy as np

    order = np.arange(_CLASSES, dtype=np.float64)[None]
    try:
        with contextlib.redirect_stdout(sys.stderr):
            decoded = keras.applications.imagenet_utils.decode_predictions(order, top=_CLASSES)[0]
    except Exception as error:  # whatever the download of the list raises
        raise ModelError(
            f"{path}: the class names of ImageNet cannot be downloaded ({_first_line(error)}): say --labels FILE"
        ) from error
    named = sorted(decoded, key=lambda entry: float(entry[2]))
    names = [name for _, name, _ in named]
    return tuple(f"{name} ({code})" if names.count(name) > 1 else name for code, name, _ in named)


def _maker(path: Path, keras: Any) -> Any:
    name = app_name(path)
    found = getattr(keras.applications, name, None)
    if not inspect.isfunction(found):
        names = ", ".join(sorted(name for name, one in vars(keras.applications).items() if inspect.isfunction(one)))
        raise ModelError(f"keras.applications holds no {name!r}, expected one of {names}")
    return found


def _first_line(error: BaseException) -> str:
    return (str(error) or type(error).__name__).splitlines()[0][:200]
