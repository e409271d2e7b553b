"""The Keras model to be exported, with a spec of what its file takes and gives."""

from __future__ import annotations

import dataclasses
import math
import os
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit import __version__
from cnnkit.classifier import class_probabilities
from cnnkit.errors import ModelError, UsageError
from cnnkit.export.options import ExportOptions
from cnnkit.export.original.calling import call_model
from cnnkit.export.original.foreign import describe_input
from cnnkit.export.original.head import looks_like, output_kind
from cnnkit.export.original.layers import in_float32
from cnnkit.export.original.shaping import outputs_of, shaped, takes_channels_first
from cnnkit.foreign import InputFlags, parse_labels, with_limits
from cnnkit.images import prepare_batch
from cnnkit.runtime import (
    answer_in_parts,
    decode_golden,
    find_keras_file,
    import_keras,
    is_named,
    keras_sha256,
    load_keras_model,
    named_input,
    named_labels,
    network_name,
    original_input,
    read_run_spec,
)
from cnnkit.spec import InputSpec, Layout, ModelSpec, Provenance
from cnnkit.system import require

_ROUNDING = 2.0**-23  # of a float32: its last bit


@dataclass(frozen=True)
class Original:
    """A Keras model in float32 and the spec of its file; a `cnnkit.classifier.Classifier`."""

    path: Path
    model: Any  # keras.Model
    spec: ModelSpec

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch; see `cnnkit.classifier.Classifier`."""
        return class_probabilities(answer_in_parts(self._outputs, images, keeps_activations=True), self.spec)

    def jittered(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Classifies a batch with the last bits of the model's input changed, where that is float32."""
        rng = np.random.default_rng(0)

        def outputs(part: NDArray[np.uint8]) -> NDArray[np.float32]:
            tensor = prepare_batch(part, self.spec.input)
            if tensor.dtype == np.float32:
                tensor = (tensor * (1 + rng.uniform(-_ROUNDING, _ROUNDING, tensor.shape))).astype(np.float32)
            return self.answer(tensor)

        return class_probabilities(answer_in_parts(outputs, images, keeps_activations=True), self.spec)

    def _outputs(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        return self.answer(prepare_batch(images, self.spec.input))

    def answer(self, tensor: NDArray[Any]) -> NDArray[np.float32]:
        """Returns the model's own (N, classes) output for what it takes, (N, height, width, channels)."""
        import tensorflow as tf

        with tf.device("/CPU:0"):  # GPUs round float32 products to TF32
            return np.asarray(call_model(self.model, tensor), dtype=np.float32)


def load_original(options: ExportOptions, *, scaling_known: bool = False) -> Original:
    """Loads the Keras model and finds out, from its run folder or the flags, what it takes and gives.

    Args:
        options: The model, and what is said of it.
        scaling_known: Whether what is not said of the scaling is not needed: pixels are then taken as they are.

    Raises:
        ModelError: The file is missing, cannot be loaded, or is no classifier of one image.
        SpecError: The run folder's spec.json is malformed.
        UsageError: Flags are missing, or contradict the run.
    """
    path = find_keras_file(options.source)
    run_spec = read_run_spec(path)
    if run_spec is not None:
        _refuse_said(options, path.parent)
    labels = parse_labels(options.labels) if options.labels else None
    loaded = in_float32(load_keras_model(path))
    model = shaped(loaded, options.output_name, path)
    if run_spec is not None:
        spec = _of_run(run_spec, options.input)
    else:
        spec = _of_foreign(model, path, labels, options, scaling_known=scaling_known)
    if labels is not None:
        spec = dataclasses.replace(spec, labels=labels)
    _check_width(model, spec)
    spec = with_limits(spec, options.limits, path)
    layout: Layout = "nchw" if takes_channels_first(loaded) else "nhwc"
    return Original(path, model, _with_provenance(spec, path, layout))


def load_again(source: Path, spec: ModelSpec, what: str = "--original") -> Original:
    """Loads the Keras model that an ONNX file was exported from.

    Args:
        source: A run folder, a Keras file, or what else export takes.
        spec: Of the ONNX file.
        what: What needs it, for messages.

    Raises:
        ModelError: It cannot be loaded, or has other labels.
        MissingExtraError: TensorFlow or Keras is not installed.
    """
    require(what, "export", "tensorflow", "keras", "tf2onnx", "onnx")
    use_tensorflow()
    path = find_keras_file(source)
    said = read_run_spec(path)
    taken = dataclasses.replace(original_input(spec) if said is None else said.input, layout="nhwc")
    model = _the_output_of(in_float32(load_keras_model(path)), spec, taken, path)
    output = looks_like(model, taken, spec.output) if said is None else said.output
    labels = spec.labels if said is None else said.labels
    if is_named(path) and network_name(path) == str(path):  # its labels are here, those of keras-app: on the net
        known = named_labels(path, import_keras(what))
        if known != spec.labels and sorted(known) == sorted(spec.labels):
            raise ModelError(f"{path} has its labels in another order than the model file: export it again")
    if labels != spec.labels:
        raise ModelError(f"{path} has other labels than the model file: name the model it was exported from")
    return Original(path, model, ModelSpec(spec.labels, taken, output, limits=spec.limits))


def _the_output_of(loaded: Any, spec: ModelSpec, taken: InputSpec, path: Path) -> Any:
    """Returns a model with one output: of several the one that a file was exported from, by what its golden images say.

    Raises:
        UsageError: None gives one number a label, or there are several and no golden images.
    """
    several = outputs_of(loaded) if len(getattr(loaded, "inputs", None) or []) == 1 else {}
    if len(several) < 2:
        return shaped(loaded, None, path)
    fitting = {
        name: shaped(loaded, name, path)
        for name, tensor in several.items()
        if math.prod(size or 0 for size in tensor.shape[1:]) in (len(spec.labels), 1)
    }
    if not fitting or (len(fitting) > 1 and not spec.golden):
        raise UsageError(
            f"{path} has {len(several)} outputs, of which {len(fitting)} could be that of the model file: export it "
            "again with --output-name and with golden images"
        )
    golden = decode_golden(spec) if spec.golden else None

    def off(model: Any) -> float:
        if golden is None:
            return 0.0
        known = Original(path, model, ModelSpec(spec.labels, taken, looks_like(model, taken, spec.output)))
        answers = np.array([image.probabilities for image in spec.golden])
        return float(np.abs(known.probabilities(golden) - answers).mean())

    return min(fitting.values(), key=off)


def use_tensorflow() -> None:
    """Makes Keras run on TensorFlow, the one backend that tf2onnx reads, whatever the model was trained on.

    Raises:
        UsageError: Keras runs on another one already.
    """
    if "keras" not in sys.modules:
        os.environ["KERAS_BACKEND"] = "tensorflow"
        return
    import keras

    backend = keras.backend.backend()
    if backend != "tensorflow":
        raise UsageError(f"Keras runs on {backend} in this process, export needs TensorFlow: KERAS_BACKEND=tensorflow")


def _refuse_said(options: ExportOptions, folder: Path) -> None:
    flags = options.input
    if flags.says_scaling() or flags.color or flags.size or options.head:
        raise UsageError(
            f"{folder / 'spec.json'} says what the model takes: leave out --scale, --mean, --std, --color, --size and "
            "--head"
        )


def _of_run(spec: ModelSpec, flags: InputFlags) -> ModelSpec:
    choices = {"resize": flags.resize, "interpolation": flags.interpolation}
    said: dict[str, Any] = {name: value for name, value in choices.items() if value is not None}
    return dataclasses.replace(spec, input=dataclasses.replace(spec.input, **said))


def _of_foreign(
    model: Any, path: Path, labels: tuple[str, ...] | None, options: ExportOptions, *, scaling_known: bool
) -> ModelSpec:
    if is_named(path):
        if options.head:
            raise UsageError(f"{path} gives probabilities: leave out --head")
        return _of_app(model, path, labels, options.input)
    taken = describe_input(model, options.input, path, scaling_known=scaling_known, tried=options.data is not None)
    if labels is None:
        raise UsageError(f"{path} does not say its class names: add --labels, a file of names or a,b,c in output order")
    return ModelSpec(labels=labels, input=taken, output=output_kind(model, taken, options.head, path))


def _of_app(model: Any, path: Path, labels: tuple[str, ...] | None, flags: InputFlags) -> ModelSpec:
    """Returns what is known of a network of keras.applications: scaling, and labels of its ImageNet weights."""
    import keras

    if flags.says_scaling() or flags.color:
        raise UsageError(f"how {path} takes its pixels is known: leave out --scale, --mean, --std and --color")
    taken = named_input(path, model, keras, flags.size)
    known = ModelSpec(labels or named_labels(path, keras), taken, "probabilities")
    known = dataclasses.replace(known, provenance=Provenance(__version__, architecture=str(path)))
    return _of_run(known, flags)


def _check_width(model: Any, spec: ModelSpec) -> None:
    shape = _output_shape(model, spec)
    if shape in ((), (1,)):
        if len(spec.labels) != 2:
            raise UsageError(
                f"the model gives one number for an image, which tells two labels apart, and there are "
                f"{len(spec.labels)}: expected that of 0 first, then that of 1"
            )
    elif shape != (len(spec.labels),):
        raise UsageError(
            f"the model gives an output of shape {shape} for an image and there are {len(spec.labels)} labels: "
            "expected one number a label, in the output's order"
        )


def _output_shape(model: Any, spec: ModelSpec) -> tuple[int, ...]:
    taken = spec.input
    blank = np.zeros((1, taken.height, taken.width, taken.channels), np.uint8)
    return tuple(call_model(model, prepare_batch(blank, taken)).shape)[1:]


def _with_provenance(spec: ModelSpec, path: Path, layout: Layout) -> ModelSpec:
    known = spec.provenance or Provenance(__version__)
    taken = dataclasses.replace(spec.input, layout=layout)
    facts = dataclasses.replace(
        known, cnnkit_version=__version__, keras_sha256=keras_sha256(path), original_input=taken
    )
    return dataclasses.replace(spec, provenance=facts)
