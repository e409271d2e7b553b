"""Makes the .h5 files of Keras 2 in tests/export/keras2, with the answers that Keras 2 gave.

pip install tf_keras; python tests/scripts/keras2_files.py tests/export/keras2
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Writes sequential.h5, functional.h5 and answers.npz."""
    import tf_keras as keras

    images = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 3), dtype=np.uint8)
    answers = {}
    for name, model in {"sequential": _sequential(keras), "functional": _functional(keras)}.items():
        rng = np.random.default_rng(1)
        model.set_weights([weight + np.abs(rng.normal(0, 0.2, weight.shape)) for weight in model.get_weights()])
        model.save(folder / f"{name}.h5")
        answers[name] = model.predict(images.astype(np.float32), verbose=0)
    np.savez_compressed(folder / "answers.npz", images=images, **answers)


def _sequential(keras):
    layer = keras.layers
    model = keras.Sequential([
        layer.InputLayer((12, 12, 3)), layer.Rescaling(1 / 255), layer.Conv2D(4, 3, padding="same", activation="relu"),
        layer.BatchNormalization(), layer.DepthwiseConv2D(3), layer.MaxPooling2D(), layer.Flatten(), layer.Dropout(0.2),
        layer.Dense(3, activation="softmax"),
    ])  # fmt: skip
    model.compile("adam", "categorical_crossentropy")
    return model


def _functional(keras):
    layer = keras.layers
    image = keras.Input((12, 12, 3))
    x = layer.Rescaling(1 / 255)(layer.RandomFlip()(image))
    first = layer.Conv2D(4, 3, padding="same", activation="relu", name="block/conv")(x)
    second = layer.SeparableConv2D(4, 3, padding="same")(first)
    x = layer.ReLU(6.0)(layer.Add()([first, second]))
    return keras.Model(image, layer.Dense(3, activation="softmax")(layer.GlobalAveragePooling2D()(x)))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
