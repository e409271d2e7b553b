"""The weights of an earlier model, taken over by a network that is built anew, perhaps for other classes."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.errors import ModelError
from cnnkit.runtime import load_keras_model
from cnnkit.system import log

_LAST = 2  # arrays of the last layer: kernel and bias


class EarlierModel:
    """A trained model that another training goes on from.

    Args:
        path: Its model.keras.
        labels: Its classes.

    Raises:
        ModelError: It cannot be loaded.
    """

    def __init__(self, path: Path, labels: Sequence[str]) -> None:
        self._path, self._labels = path, tuple(labels)
        self._model = load_keras_model(path)

    def standardisation(self) -> tuple[int, float] | None:
        """Returns z and s of (pixel - z) / s, as the model's first layer has them; None where it has other ones."""
        layer = next((layer for layer in self._model.layers if layer.name == "standardise"), None)
        if layer is None or np.size(layer.scale) > 1:
            return None
        return round(-float(layer.offset) / float(layer.scale)), 1.0 / float(layer.scale)

    def give_weights(self, network: Any, labels: Sequence[str]) -> None:
        """Copies all weights into a network; of the last layer those of the classes that both have, by their names.

        Args:
            network: A keras.Model of the same architecture.
            labels: Its classes.

        Raises:
            ModelError: It is another network.
        """
        old, new = self._model.get_weights(), network.get_weights()
        shapes = [[array.shape for array in arrays[:-_LAST]] for arrays in (old, new)]
        if shapes[0] != shapes[1] or old[-_LAST].shape[0] != new[-_LAST].shape[0]:
            raise ModelError(f"{self._path} is another network than {network.name}: its weights have other shapes")
        places = {label: place for place, label in enumerate(self._labels)}
        known = [(at, places[label]) for at, label in enumerate(labels) if label in places]
        for at, place in known:
            new[-2][:, at], new[-1][at] = old[-2][:, place], old[-1][place]
        network.set_weights([*old[:-_LAST], *new[-_LAST:]])
        self._tell([label for label in labels if label not in places], len(known))

    def _tell(self, fresh: Sequence[str], known: int) -> None:
        gone = len(self._labels) - known
        said = f", {gone} of its classes are left out" if gone else ""
        if fresh:
            shown = ", ".join(fresh[:5]) + (f", ... ({len(fresh)})" if len(fresh) > 5 else "")
            log.info("%s: the last layer is new for %s%s", self._path, shown, said)
        else:
            log.info("%s: the last layer is taken over, its classes by their names%s", self._path, said)
