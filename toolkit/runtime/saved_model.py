"""SavedModel folders of TensorFlow as Keras models; TensorFlow is imported on use only."""

from __future__ import annotations

import hashlib
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.errors import ModelError
from cnnkit.runtime.guest import Guest
from cnnkit.runtime.saved_model_graph import GRAPH_FILE, checked_model
from cnnkit.runtime.saved_model_inference import as_in_inference
from cnnkit.system import log, read_regular, sha256

_WEIGHTS = "variables"
_MOST_NAMED = 4  # layers in a message
_USUAL = ("serving_default", "serve")


def is_saved_model(path: Path) -> bool:
    """Whether a path is a folder that holds a SavedModel."""
    return (path / GRAPH_FILE).is_file()


def saved_model_sha256(folder: Path) -> str:
    """Returns one SHA-256, hexadecimal, of the names and contents of a SavedModel's graph and variables."""
    files = [folder / GRAPH_FILE, *sorted((folder / _WEIGHTS).glob("*"))]
    entries = [f"{path.relative_to(folder).as_posix()} {sha256(path)}" for path in files if path.is_file()]
    return hashlib.sha256("\n".join(entries).encode()).hexdigest()


def load_saved_model(folder: Path, importing: Callable[[], Any]) -> Any:
    """Loads a SavedModel as a Keras model around the one function that it serves.

    Args:
        folder: As `model.export` of Keras 3 or `model.save` of Keras 2 wrote it.
        importing: Gives Keras, on TensorFlow.

    Returns:
        A `keras.Model` whose layers cannot be told: it holds the function as one layer. Arrays are answered by a
        process of its own, see `cnnkit.runtime.guest`; within a graph it is traced, and run by whoever runs that.

    Raises:
        ModelError: Its graph could do more than compute, it does not serve one function of one image, or it does not
            answer in time.
    """
    guest = Guest(str(folder))
    keras = importing()  # meanwhile it imports TensorFlow, too
    if keras.backend.backend() != "tensorflow":
        raise ModelError(f"{folder} is a SavedModel, which only TensorFlow loads: set KERAS_BACKEND=tensorflow")
    content = checked_model(_read(folder), folder)
    name, taken = _signature(content, folder)
    layers = as_in_inference(content.meta_graphs[0].graph_def.library)
    if layers:
        log.warning(
            "%s was exported as in training, with %s switched on: taken as in inference", folder, _listed(layers)
        )
    image = keras.Input(taken.shape[1:], dtype=taken.dtype.name)
    with _copy(content, folder) as copy:
        guest.load(copy, name)
        output = keras.layers.TFSMLayer(str(copy), call_endpoint=name)(image)
    values = list(output.values()) if isinstance(output, dict) else [output]
    if len(values) != 1:
        raise ModelError(f"{folder}: {name} gives {len(values)} outputs, expected one: the classes")
    model = _asked_elsewhere(guest, keras)(image, values[0])
    if None not in taken.shape[1:]:
        model(np.zeros((1, *taken.shape[1:]), taken.dtype.as_numpy_dtype))
    return model


def _asked_elsewhere(guest: Guest, keras: Any) -> Any:
    """Returns the class of a `keras.Model` that is traced here, and asks a guest for the answers to arrays."""
    import tensorflow as tf

    class AskedElsewhere(keras.Model):  # type: ignore[misc]
        own_process = guest

        def __call__(self, tensor: Any, *arguments: Any, **options: Any) -> Any:
            if isinstance(tensor, keras.KerasTensor) or tf.is_symbolic_tensor(tensor):
                return super().__call__(tensor, *arguments, **options)
            return guest.answer(np.asarray(tensor))

    return AskedElsewhere


def guest_of(model: Any) -> Guest | None:
    """Returns the process that a model is asked in, or a model within it; None where it is no SavedModel."""
    found = getattr(model, "own_process", None)
    if isinstance(found, Guest):
        return found
    inside = (guest_of(layer) for layer in getattr(model, "layers", ()))
    return next((guest for guest in inside if guest is not None), None)


def _listed(layers: list[str]) -> str:
    more = f" and {len(layers) - _MOST_NAMED} more layers" if len(layers) > _MOST_NAMED else ""
    return f"{', '.join(layers[:_MOST_NAMED])}{more}"


def _read(folder: Path) -> bytes:
    try:
        return read_regular(folder / GRAPH_FILE)
    except OSError as error:
        raise ModelError(f"{folder / GRAPH_FILE} cannot be read: {error.strerror or error}") from error


def _signature(content: Any, folder: Path) -> tuple[str, Any]:
    """Returns the name of the served function and the TensorSpec of the image it takes."""
    import tensorflow as tf

    meta = content.meta_graphs[0]
    served = {name: one for name, one in meta.signature_def.items() if not name.startswith("__")}
    name = next((name for name in _USUAL if name in served), next(iter(served), None))
    if name is None or (name not in _USUAL and len(served) > 1):
        raise ModelError(f"{folder} serves {', '.join(sorted(served)) or 'nothing'}, expected serving_default")
    inputs = list(served[name].inputs.values())
    if len(inputs) != 1:
        raise ModelError(f"{folder}: {name} takes {len(inputs)} inputs, expected one: the image")
    shape = tf.TensorShape(inputs[0].tensor_shape)
    if shape.rank != 4:
        raise ModelError(f"{folder}: {name} takes {shape}, expected (batch, height, width, channels)")
    return name, tf.TensorSpec(shape, inputs[0].dtype)


@contextmanager
def _copy(content: Any, folder: Path) -> Iterator[Path]:
    """Gives a temporary SavedModel of what was checked and the weights, so that TensorFlow finds nothing else to read.

    Raises:
        ModelError: The weights lie elsewhere, or are no regular files.
    """
    with tempfile.TemporaryDirectory(prefix="cnnkit-") as name:
        copy = Path(name)
        (copy / GRAPH_FILE).write_bytes(content.SerializeToString())
        (copy / _WEIGHTS).mkdir()
        for path in _weight_files(folder):
            shutil.copyfile(path, copy / _WEIGHTS / path.name)
        yield copy


def _weight_files(folder: Path) -> Iterator[Path]:
    """Yields the files of weights, after a look at where they lie: in the folder, or beside its graph in a cache."""
    homes = {os.path.realpath(folder), os.path.dirname(os.path.realpath(folder / GRAPH_FILE))}
    for path in sorted((folder / _WEIGHTS).glob("variables.*")):
        real = os.path.realpath(path)
        if not any(real.startswith(os.path.join(home, "")) for home in homes):
            raise ModelError(f"{folder} is not loaded: {_WEIGHTS}/{path.name} lies outside its own folder")
        if not path.is_file():
            raise ModelError(f"{folder} is not loaded: {_WEIGHTS}/{path.name} is no regular file")
        yield path
