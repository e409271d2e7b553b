"""Weights out of a file for a network that is built already: `--weights FILE`."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.errors import ModelError
from cnnkit.system import log
from cnnkit.train.architectures.weights_file import StoredLayer, shapes_of, stored_layers, weighted_layers


def load_stored(network: Any, path: Path) -> bool:
    """Gives a network the weights of a file; layers are matched in their order, whatever they are called.

    Args:
        network: A keras.Model. It stays as it is where the file does not fit.
        path: A `.keras` or `.h5` model, or an `.h5` or `.weights.h5` file of weights, of the same network. Its last
            layer may be missing or another one: then the network keeps its own, and that is said.

    Returns:
        Whether the last layer came from the file as well.

    Raises:
        UsageError: There is no such file, or it has another suffix.
        ModelError: It cannot be read, or holds weights of another network.
    """
    with stored_layers(path, network) as stored:
        wanted = weighted_layers(network)
        _compare(stored, wanted[:-1], network.name, path)
        whole = len(stored) == len(wanted) and stored[-1].shapes == shapes_of(wanted[-1])
        taken = wanted if whole else wanted[:-1]
        values = [layer.read() for layer in stored[: len(taken)]]
    if not taken:
        raise ModelError(f"{path}: nothing of it fits {network.name}, which has one layer with weights")
    if not all(np.isfinite(value).all() for layer in values for value in layer):
        raise ModelError(f"{path} holds weights that are no numbers: its training went wrong, or the file is damaged")
    for layer, value in zip(taken, values, strict=True):
        layer.set_weights(value)
    log.info("weights of %s taken; %s", path.name, _about_last(stored[len(taken) :], wanted[-1], whole))
    return whole


def _compare(stored: list[StoredLayer], wanted: list[Any], name: str, path: Path) -> None:
    for number, (layer, own) in enumerate(zip(stored, wanted, strict=False), start=1):
        if layer.shapes != shapes_of(own):
            raise ModelError(
                f"{path} holds weights of another network: its layer {number}, {layer.name}, is "
                f"{_shown(layer.shapes)}, expected {_shown(shapes_of(own))} as {own.name} of {name}"
            )
    if len(stored) < len(wanted):
        raise ModelError(
            f"{path} holds weights of another network: {len(stored)} layers, expected {len(wanted)} as {name} has in "
            "front of its last"
        )


def _about_last(rest: list[StoredLayer], own: Any, whole: bool) -> str:
    if whole:
        return "the last layer as well"
    if not rest:
        return "the last layer is new, since the file has none"
    return f"the last layer is new: {_shown(rest[-1].shapes)} there, {_shown(shapes_of(own))} here"


def _shown(shapes: tuple[tuple[int, ...], ...]) -> str:
    return " + ".join("x".join(map(str, shape)) or "1" for shape in shapes) or "without a place in it"
