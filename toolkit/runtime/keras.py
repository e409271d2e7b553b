"""The Keras side of the Classifier protocol; Keras and its backend are imported on first use only."""

from __future__ import annotations

import logging
import os
import tempfile
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cnnkit.classifier import class_probabilities
from cnnkit.errors import CnnkitError, ModelError
from cnnkit.runtime.keras_reasons import first_line, load_reason
from cnnkit.runtime.legacy import function_layers, readable_file
from cnnkit.runtime.named import is_named, load_named
from cnnkit.runtime.saved_model import is_saved_model, load_saved_model
from cnnkit.system import broken_imports, log, require

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnkit.spec import InputSpec, ModelSpec

SUFFIXES = (".keras", ".h5", ".hdf5")
_HDF5_SIGNATURE = b"\x89HDF\r\n\x1a\n"


def import_keras(what: str) -> Any:
    """Imports Keras with a quiet backend that takes GPU memory as it needs it, not all at once.

    Args:
        what: What needs it, for the message when it is missing: "cnnkit train", "model.keras".

    Raises:
        MissingExtraError: Keras or its backend is not installed.
        CnnkitError: It is, and cannot be imported.
    """
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "2")  # read once, when TensorFlow is imported
    os.environ.setdefault("TF_FORCE_GPU_ALLOW_GROWTH", "true")
    os.environ.setdefault("XLA_PYTHON_CLIENT_PREALLOCATE", "false")  # JAX's word for the same
    require(what, "train", "keras", os.environ.get("KERAS_BACKEND", "tensorflow"))
    with silent_stderr(), broken_imports():
        import keras

        if keras.backend.backend() == "tensorflow":
            import tensorflow as tf

            tf.config.list_physical_devices()  # it looks for a GPU once, and complains where there is none
    return keras


def load_keras_model(path: Path) -> Any:
    """Loads a Keras model for inference, without its optimizer and without running code stored in the file.

    Args:
        path: A `.keras` file, an `.h5` file of Keras 2 or 3, a SavedModel folder, or the name of a network of
            keras.applications, "keras-app:NAME" (see `cnnkit.runtime.keras_apps`).

    Returns:
        The `keras.Model`, not compiled.

    Raises:
        ModelError: The file is missing, no Keras model, or needs code that is not in it (Lambda or custom layers).
        MissingExtraError: Keras is not installed.
    """
    importing = partial(import_keras, f"loading {path.name}")
    try:
        if is_named(path):
            return load_named(path, importing())
        if is_saved_model(path):
            return load_saved_model(path, importing)
        _check_file(path)
        keras = importing()
        if path.suffix.lower() == ".keras":
            return keras.models.load_model(path, compile=False, safe_mode=True)
        with readable_file(path) as file:
            return keras.models.load_model(file, compile=False, safe_mode=True, custom_objects=function_layers(keras))
    except CnnkitError:
        raise
    except Exception as error:  # Keras raises whatever its readers and layers raise
        raise ModelError(f"{path}: Keras cannot load it: {load_reason(error)}") from error


def flat_layers(model: Any) -> Iterator[Any]:
    """Yields a model's layers in the order in which they are applied, those of nested models in their place."""
    for layer in model.layers:
        if hasattr(layer, "layers"):
            yield from flat_layers(layer)
        else:
            yield layer


class KerasClassifier:
    """A Keras model as a Classifier.

    Args:
        path: The `.keras` or `.h5` file.
        spec: `spec.input` is what the Keras file itself takes, `spec.output` what it gives.
        model: The model of that file where it is loaded already; None loads it.

    Raises:
        ModelError: The file cannot be loaded, or its shapes contradict the spec.
        MissingExtraError: Keras is not installed.
    """

    def __init__(self, path: Path, spec: ModelSpec, *, model: Any = None) -> None:
        self.path = path
        self.model = load_keras_model(path) if model is None else model
        self._spec = spec
        _check_shapes(path, self.model, spec)
        self._function = _compiled(self.model, spec.input)
        self._xla: Any = None

    @property
    def spec(self) -> ModelSpec:
        """The spec of the Keras file."""
        return self._spec

    def input_tensor(self, images: NDArray[np.uint8]) -> NDArray[Any]:
        """Returns the model's input for (N, height, width, channels) uint8 images in the spec's colour order."""
        from cnnkit.images import prepare_batch

        return prepare_batch(images, self._spec.input)

    def predict_call(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the (N, classes) output of `model.predict`, the usual way, the whole batch at once."""
        output: NDArray[np.float32] = self.model.predict(tensor, batch_size=len(tensor), verbose=0)
        return output

    def batch_call(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the (N, classes) output of `model.predict_on_batch`: the usual way, less what `predict` prepares."""
        output: NDArray[np.float32] = self.model.predict_on_batch(tensor)
        return output

    def xla_call(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the (N, classes) output of the model compiled by XLA, anew for each size of batch.

        Raises:
            ModelError: XLA cannot compile it.
        """
        if self._xla is None:
            self._xla = _compiled(self.model, self._spec.input, xla=True)
        try:
            output: NDArray[np.float32] = self._xla(tensor)
        except Exception as error:  # TensorFlow raises whatever its compiler raises
            raise ModelError(f"{self.path}: XLA cannot compile it: {first_line(str(error))}") from error
        return output

    def function_call(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the (N, classes) output of the compiled model, the fastest way to call it on its backend."""
        output: NDArray[np.float32] = self._function(tensor)
        return output

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch; see `cnnkit.classifier.Classifier`."""
        import numpy as np

        with full_precision():
            output = self.function_call(self.input_tensor(images))
        return class_probabilities(np.asarray(output), self._spec)

    def activation(self, image: NDArray[np.uint8], index: int) -> NDArray[np.float32] | None:
        """Returns how much each place of the network's last feature map speaks for a class.

        Args:
            image: (height, width, channels) uint8 in the spec's colour order.
            index: Of the class.

        Returns:
            (h, w) float32 of that map's size, see `cnnkit.runtime.activation`; None where the network has none.
        """
        from cnnkit.runtime.activation import activation_map

        with full_precision():
            return activation_map(self.model, flat_layers(self.model), self.input_tensor(image[None]), index)


def _compiled(model: Any, spec: InputSpec, *, xla: bool = False) -> Any:
    """Returns a callable from tensor to NumPy array: tf.function on TensorFlow, Keras' own compilation elsewhere."""
    import keras

    if keras.backend.backend() != "tensorflow":
        return model.predict_on_batch
    import tensorflow as tf

    signature = [tf.TensorSpec((None, *_tensor_shape(spec)), spec.dtype, name="image")]
    function = tf.function(lambda image: model(image, training=False), input_signature=signature, jit_compile=xla)
    return lambda tensor: function(tf.constant(tensor)).numpy()


def _check_shapes(path: Path, model: Any, spec: ModelSpec) -> None:
    if len(model.inputs or ()) != 1 or len(model.outputs or ()) != 1:
        raise ModelError(
            f"{path}: {len(model.inputs or ())} inputs and {len(model.outputs or ())} outputs, "
            "expected an image classifier with one of each"
        )
    wanted, found = _tensor_shape(spec.input), tuple(model.inputs[0].shape)[1:]
    if len(found) != len(wanted) or any(size not in (None, want) for size, want in zip(found, wanted, strict=True)):
        raise ModelError(f"{path}: takes input {found}, expected {wanted} ({spec.input.layout}) by the spec")
    output = tuple(model.outputs[0].shape)[1:]
    if output != (len(spec.labels),) and not (output == (1,) and len(spec.labels) == 2):
        raise ModelError(f"{path}: gives output {output} for an image, expected {len(spec.labels)} classes by the spec")


def _tensor_shape(spec: InputSpec) -> tuple[int, int, int]:
    """Returns the shape of one image's input tensor."""
    if spec.layout == "nchw":
        return spec.channels, spec.height, spec.width
    return spec.height, spec.width, spec.channels


def _check_file(path: Path) -> None:
    expected = f"expected a Keras model ({', '.join(SUFFIXES)})"
    if not path.is_file():
        raise ModelError(f"{path}: {'no regular file' if path.exists() else 'no such file'}, {expected}")
    suffix = path.suffix.lower()
    if suffix not in SUFFIXES:
        raise ModelError(f"{path}: not a Keras file by its name, {expected}")
    zipped, hdf5 = zipfile.is_zipfile(path), _is_hdf5(path)
    if not (zipped if suffix == ".keras" else hdf5):
        other = " but one of the other kind: name it .h5" if hdf5 else " but one of Keras 3: name it .keras"
        raise ModelError(
            f"{path}: no {suffix} file by its content{other if zipped or hdf5 else ''}, expected one that Keras' "
            "model.save wrote"
        )


def _is_hdf5(path: Path) -> bool:
    with path.open("rb") as file:
        return file.read(len(_HDF5_SIGNATURE)) == _HDF5_SIGNATURE


@contextmanager
def full_precision() -> Iterator[None]:
    """Multiplies float32 as float32: newer GPUs else round it to 10 bits first, and answers differ by up to 1e-2."""
    import keras

    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        before = tf.config.experimental.tensor_float_32_execution_enabled()
        tf.config.experimental.enable_tensor_float_32_execution(False)
        try:
            yield
        finally:
            tf.config.experimental.enable_tensor_float_32_execution(before)
    elif keras.backend.backend() == "jax":
        import jax

        with jax.default_matmul_precision("highest"):
            yield
    else:
        yield


@contextmanager
def silent_stderr() -> Iterator[None]:
    """Holds back what C++ libraries write to the process's stderr; shows it where the block fails or with -v."""
    if log.isEnabledFor(logging.DEBUG):
        yield
        return
    kept = os.dup(2)
    with tempfile.TemporaryFile() as held:
        os.dup2(held.fileno(), 2)
        try:
            yield
        except CnnkitError:  # which says itself what is wrong
            raise
        except BaseException:
            held.seek(0)
            os.write(kept, held.read())
            raise
        finally:
            os.dup2(kept, 2)
            os.close(kept)
