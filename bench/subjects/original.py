"""The original in Keras, called in one of several ways."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects.subject import Loaded, Subject
from cnnkit.classifier import class_probabilities
from cnnkit.runtime import KerasClassifier, flat_layers, import_keras
from cnnkit.spec import ModelSpec, read_spec


def original_subject(loading: Loading) -> Subject:
    """Loads a Keras model.

    Raises:
        ModelError: It cannot be loaded.
        MissingExtraError: Keras or its backend is not installed.
    """
    keras = import_keras(loading.name)
    if loading.threads is not None and keras.backend.backend() == "tensorflow":
        _limit_threads(loading.threads)
    classifier = KerasClassifier(Path(loading.path), read_spec(loading.spec))
    call = {
        "original-predict": classifier.predict_call,
        "original-batch": classifier.batch_call,
        "original-function": classifier.function_call,
        "original-xla": classifier.xla_call,
    }[loading.kind]
    loaded = Loaded(
        precision=_precision(classifier.model),
        runtime=f"keras {keras.__version__} ({keras.backend.backend()})",
        threads=loading.threads,
    )
    spec = _with_its_end(classifier.model, classifier.spec)
    return Subject(
        loaded=loaded,
        spec=spec,
        input_tensor=classifier.input_tensor,
        call=call,
        answers=lambda images: class_probabilities(call(classifier.input_tensor(images)), spec),
    )


def _with_its_end(model: Any, spec: ModelSpec) -> ModelSpec:
    """Returns the spec with logits for what it gives, where a sigmoid is wanted and the last layer has none."""
    activation = getattr(list(flat_layers(model))[-1], "activation", None)
    if getattr(activation, "__name__", "") != "linear":
        return spec
    if spec.independent:
        return replace(spec, output="independent-logits")
    return replace(spec, output="logits") if tuple(model.outputs[0].shape)[1:] == (1,) else spec


def _limit_threads(threads: int) -> None:
    """Gives TensorFlow so many threads for one inference; it must not have computed anything yet in this process."""
    import tensorflow as tf

    tf.config.threading.set_intra_op_parallelism_threads(threads)
    tf.config.threading.set_inter_op_parallelism_threads(1)


def _precision(model: Any) -> str:
    reduced = sorted({layer.compute_dtype for layer in model.layers} - {"float32"})
    return f"mixed_{reduced[0]}" if reduced else "float32"
