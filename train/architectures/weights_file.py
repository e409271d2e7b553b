"""Files of weights: what each layer has in a `.keras`, `.h5` or `.weights.h5` file, its shapes before its values.

A `.weights.h5` of Keras 3 numbers layers by their class, `layers/conv2d_1/vars/0`, and does not say in which order they
are applied; so it is read along the network that it is for. An `.h5` of Keras 2 lists its layers in order.
"""

from __future__ import annotations

import posixpath
import re
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError, UsageError
from cnnkit.runtime import flat_layers, load_keras_model

_SUFFIXES = (".keras", ".h5", ".hdf5")
_SCALINGS = ("Normalization",)  # of pixels: numbers that are no weights, though Keras counts them as such


@dataclass(frozen=True)
class StoredLayer:
    """The weights of one layer in a file."""

    name: str
    shapes: tuple[tuple[int, ...], ...]
    read: Callable[[], list[NDArray[Any]]]  # valid while the file is open


def weighted_layers(model: Any) -> list[Any]:
    """Returns the layers that have weights, those of nested models in their place."""
    return [layer for layer in flat_layers(model) if layer.weights and type(layer).__name__ not in _SCALINGS]


def shapes_of(layer: Any) -> tuple[tuple[int, ...], ...]:
    """Returns the shapes of a layer's weights."""
    return tuple(tuple(map(int, weight.shape)) for weight in layer.weights)


@contextmanager
def stored_layers(path: Path, network: Any) -> Iterator[list[StoredLayer]]:
    """Opens a file for the layers it holds.

    Args:
        path: The file.
        network: What it is for.

    Yields:
        The layers in the order in which they are applied.

    Raises:
        UsageError: There is no such file, or it has another suffix.
        ModelError: It is damaged, or points to other files.
    """
    if not path.is_file() or path.suffix.lower() not in _SUFFIXES:
        what = "no such file" if not path.is_file() else "no file of weights by its name"
        raise UsageError(f"--weights {path}: {what}, expected imagenet, none, or a .keras, .h5 or .weights.h5 file")
    if path.suffix.lower() == ".keras":
        yield _of_model(load_keras_model(path))
        return
    import h5py

    try:
        with h5py.File(path, "r") as file:
            if "model_config" in file.attrs:
                yield _of_model(load_keras_model(path))
            elif "layer_names" in file.attrs or "layer_names0" in file.attrs:
                yield list(_of_keras2(file))
            elif "layers" in file:
                yield list(_of_keras3(file, network))
            else:
                raise ModelError(f"{path} holds no weights of a Keras network, expected what save_weights wrote")
    except (OSError, KeyError, ValueError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} cannot be read as weights ({_one_line(error)}): save or copy it again") from error


def _of_model(model: Any) -> list[StoredLayer]:
    return [StoredLayer(layer.name, shapes_of(layer), layer.get_weights) for layer in weighted_layers(model)]


def _of_keras2(file: Any) -> Iterator[StoredLayer]:
    for name in _texts(file, "layer_names"):
        group = _inside(file, name)
        weights = [_inside(group, weight) for weight in _texts(group, "weight_names")]
        if weights:
            yield _stored(name, weights)


def _of_keras3(file: Any, network: Any) -> Iterator[StoredLayer]:
    """Yields the layers of a network that a file holds, all but the last, and behind them what else it holds.

    Raises:
        ModelError: There is more than one other layer beside them, so that by their numbers nobody can tell them apart.
    """
    places = max(_places(file, network), key=lambda found: sum(place in file for place in found))
    root = posixpath.commonpath(places or ["layers"]) + "/"
    held = [place for place in places if place in file]
    others: list[str] = []
    file.visititems(lambda name, item: others.append(name) if name.endswith("/vars") and len(item) else None)
    others = [place for place in others if place.startswith("layers/") and place not in set(held)]
    beside = [place for place in others if place.startswith(root)]
    if len(beside) > 1 and len(held) == len(places):
        raise ModelError(
            f"{file.filename} holds weights of another network: {len(held) + len(beside)} layers, expected {len(held)} "
            f"and a last one as {network.name} has"
        )
    for place in (*held, *others):
        variables = _inside(file, place)
        yield _stored(
            place.removesuffix("/vars"), [_inside(variables, str(number)) for number in range(len(variables))]
        )


def _places(file: Any, network: Any) -> Iterator[list[str]]:
    """Yields where the layers of a network, all but the last, may lie in a file.

    They lie as they do in the network itself; or its base was saved alone, or nested in another model.
    """
    yield list(_numbered(network.layers, ""))[:-1]
    nested = [layer for outer in network.layers if hasattr(outer, "layers") for layer in outer.layers]
    base = list(_numbered(nested, "")) or list(_numbered(network.layers, ""))[:-1]
    yield base
    for name, group in file["layers"].items():
        if "layers" in group:
            yield [f"layers/{name}/{place}" for place in base]


def _numbered(layers: list[Any], prefix: str) -> Iterator[str]:
    """Yields where Keras writes the weights of each layer that has some."""
    seen: Counter[str] = Counter()
    for layer in layers:
        name = _snake_case(type(layer).__name__)
        number = seen[name]
        seen[name] += 1
        place = f"{prefix}layers/{name}_{number}" if number else f"{prefix}layers/{name}"
        if hasattr(layer, "layers"):
            yield from _numbered(layer.layers, f"{place}/")
        elif layer.weights:
            yield f"{place}/vars"


def _snake_case(name: str) -> str:
    """Writes a class's name as Keras does in its files: "Conv2D" becomes "conv2d"."""
    name = re.sub(r"(.)([A-Z][a-z]+)", r"\1_\2", re.sub(r"\W+", "", name))
    return re.sub(r"([a-z])([A-Z])", r"\1_\2", name).lower()


def _stored(name: str, weights: list[Any]) -> StoredLayer:
    shapes = tuple(tuple(map(int, weight.shape)) for weight in weights)
    return StoredLayer(name, shapes, lambda: [np.asarray(weight[()], np.float32) for weight in weights])


def _inside(group: Any, name: str) -> Any:
    """Returns a group or a dataset that lies in this very file.

    Raises:
        ValueError: It lies elsewhere.
        KeyError: It is missing.
    """
    import h5py

    for part in name.split("/"):
        if group.get(part, getclass=True, getlink=True) not in (h5py.HardLink, None):
            raise ValueError(f"{name} is a link")
        group = group[part]
    if isinstance(group, h5py.Dataset) and (group.external or group.is_virtual or group.dtype.kind != "f"):
        raise ValueError(f"{name} holds no floating-point numbers of its own")
    return group


def _texts(group: Any, name: str) -> list[str]:
    """Returns an attribute's words; Keras 2 cuts long lists into name0, name1, ..."""
    parts = [name] if name in group.attrs else [f"{name}{n}" for n in range(len(group.attrs))]
    words = [word for part in parts if part in group.attrs for word in group.attrs[part]]
    return [word.decode() if isinstance(word, bytes) else str(word) for word in words]


def _one_line(error: Exception) -> str:
    return (str(error).splitlines() or [type(error).__name__])[0].rstrip(". ")
