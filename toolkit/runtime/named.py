"""Networks that are named instead of read from a file: "keras-app:MobileNetV3Small", "efficientnet_lite0"."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnkit.runtime.keras_apps import app_input, app_labels, app_name, is_app, load_app
from cnnkit.runtime.pretrained import imagenet_input, imagenet_labels, is_imagenet, load_imagenet

if TYPE_CHECKING:
    from cnnkit.spec import InputSpec


def is_named(path: Path) -> bool:
    """Whether a path is the name of a network rather than a file."""
    return is_app(path) or is_imagenet(path)


def network_name(path: Path) -> str:
    """Returns the name of the network alone, "MobileNetV3Small"."""
    return app_name(path)


def load_named(path: Path, keras: Any) -> Any:
    """Builds a named network with its ImageNet weights, or with random ones where they are asked for.

    Raises:
        ModelError: There is no such network, or its weights are not to be had.
    """
    return load_imagenet(path) if is_imagenet(path) else load_app(path, keras)


def named_input(path: Path, model: Any, keras: Any, size: tuple[int, int] | None) -> InputSpec:
    """Returns how a named network wants its images.

    Args:
        path: Its name.
        model: The network.
        keras: The module.
        size: Height and width in pixels of networks that take any; None is the size they were trained on.

    Raises:
        UsageError: The network takes another size.
    """
    return imagenet_input(path, size) if is_imagenet(path) else app_input(path, model, keras, size)


def named_labels(path: Path, keras: Any) -> tuple[str, ...]:
    """Returns the class names of ImageNet, made distinct where two are alike; numbered ones for random weights.

    Raises:
        ModelError: The list of names can be neither found nor downloaded.
    """
    return imagenet_labels() if is_imagenet(path) else app_labels(path, keras)
