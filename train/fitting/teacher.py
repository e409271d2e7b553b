"""A trained network as a teacher."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.runtime import load_keras_model
from cnnkit.spec import InputSpec, ModelSpec, read_spec
from cnnkit.system import read_regular


class Teacher:
    """A Keras model that answers the images its pupil sees, augmented and mixed as they are.

    Args:
        path: The model.keras of a run folder, whose spec.json lies beside it.
        labels: The pupil's labels.
        taken: What the pupil takes.

    Raises:
        UsageError: There is no spec.json, or the teacher has other labels or takes other images.
        ModelError: The file cannot be loaded.
    """

    def __init__(self, path: Path, labels: tuple[str, ...], taken: InputSpec) -> None:
        file = model_file(path)
        spec = _read_spec(file)
        if spec.labels != labels:
            raise UsageError(
                f"the teacher {path} knows the labels {_shown(spec.labels)}, the data has {_shown(labels)}: "
                "train the teacher on the same classes"
            )
        if _geometry(spec.input) != _geometry(taken):
            raise UsageError(
                f"the teacher {path} takes {_described(spec.input)}, its pupil {_described(taken)}: "
                "train both with the same --size and --color"
            )
        self._model = load_keras_model(file)
        self._model.trainable = False

    def layer(self) -> Any:
        """Returns a layer from (N, H, W, C) float32 pixels to (N, classes) probabilities; zeros unless training.

        Its weights are no weights of the layer: they are neither trained nor part of a checkpoint.
        """
        import keras
        from keras import ops

        answer = self._model
        classes = answer.output_shape[-1]

        class Answers(keras.layers.Layer):  # type: ignore[misc]
            """What the teacher says."""

            def call(self, images: Any, training: bool | None = None) -> Any:
                if not training:
                    return ops.zeros((ops.shape(images)[0], classes))
                return ops.stop_gradient(_ask(images))

            def compute_output_shape(self, input_shape: Any) -> Any:
                return (input_shape[0], classes)

        def _ask(images: Any) -> Any:
            return answer(images, training=False)

        return Answers(name="teacher")


def model_file(path: Path) -> Path:
    """Returns the Keras file of a run folder, or the path itself where it is none.

    Raises:
        UsageError: There is no such file.
    """
    file = path / "model.keras" if path.is_dir() else path
    if not file.is_file():
        raise UsageError(f"no teacher {file}: name the run folder of a cnnkit train, or its model.keras")
    return file


def _read_spec(file: Path) -> ModelSpec:
    path = file.with_name("spec.json")
    if not path.is_file():
        raise UsageError(f"the teacher {file} has no spec.json beside it: name the run folder of a cnnkit train")
    return read_spec(read_regular(path))


def _geometry(spec: InputSpec) -> tuple[int, int, str]:
    return spec.height, spec.width, spec.color


def _described(spec: InputSpec) -> str:
    return f"{spec.width}x{spec.height} {spec.color} images"


def _shown(labels: tuple[str, ...]) -> str:
    return ", ".join(labels[:4]) + (f", ... ({len(labels)})" if len(labels) > 4 else "")
