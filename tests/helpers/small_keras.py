"""A small Keras network and what exporting it gives."""

from __future__ import annotations

import numpy as np

from cnnkit.export import ExportOptions, export_model
from cnnkit.foreign import InputFlags

LABELS = "ant,bee,cat"
SIZE = 12


def randomise(model) -> None:
    """Gives every weight a value that would show if it were lost, such as a bias or a moving mean of zero."""
    rng = np.random.default_rng(1)
    model.set_weights([weight + np.abs(rng.normal(0, 0.2, weight.shape)).astype(weight.dtype) for weight in
                       model.get_weights()])  # fmt: skip


def body(keras, *, head="softmax", pool=True):
    """Convolution with bias, batch normalisation, pooling and a head."""
    layer = keras.layers
    last = layer.GlobalAveragePooling2D() if pool else layer.Flatten()
    return (
        layer.Conv2D(4, 3, padding="same"), layer.BatchNormalization(), layer.ReLU(), layer.MaxPooling2D(), last,
        layer.Dense(3, activation=head),
    )  # fmt: skip


def random_images(count=8, channels=3, size=SIZE):
    return np.random.default_rng(2).integers(0, 256, (count, size, size, channels), dtype=np.uint8)


def exported(path, tmp_path, *, labels=LABELS, flags=InputFlags(), **options):  # noqa: B008
    return export_model(ExportOptions(path, tmp_path / "out.onnx", labels=labels, input=flags, **options))


def keras_answers(keras, path, tensor):
    return np.asarray(keras.models.load_model(path, compile=False)(tensor.astype(np.float32), training=False))
