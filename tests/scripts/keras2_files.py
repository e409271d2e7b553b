"""Makes the .h5 files of Keras 2 in tests/export/original/keras2, with the answers that Keras 2 gave.

pip install tf_keras; python tests/scripts/keras2_files.py tests/export/original/keras2
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np


def main(folder: Path) -> None:
    """Writes the files and answers.npz."""
    import tf_keras as keras

    keras.utils.set_random_seed(0)
    images = np.random.default_rng(0).integers(0, 256, (8, 12, 12, 3), dtype=np.uint8)
    answers = {}
    models = {"sequential": _sequential, "functional": _functional, "nested": _nested, "functions": _functions}
    for name, build in models.items():
        model = build(keras)
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


def _nested(keras):
    """As Teachable Machine saves them: a sequence of sequences around a graph, whose answer is called once more."""
    layer = keras.layers
    image = keras.Input((12, 12, 3))
    x = layer.SpatialDropout2D(0.1)(layer.BatchNormalization()(layer.Conv2D(4, 3)(layer.Rescaling(1 / 255)(image))))
    body = keras.Model(
        image, layer.Conv2DTranspose(4, 3)(layer.DepthwiseConv2D(3)(layer.Rescaling(0.1)(layer.ReLU(6.0)(x))))
    )
    first = keras.Sequential([body, layer.GlobalAveragePooling2D()])
    last = keras.Sequential([layer.Dense(5, activation="relu", input_shape=(4,)), layer.Dense(3, activation="softmax")])
    image = keras.Input((12, 12, 3))
    return keras.Model(image, keras.Sequential([first, last])(image, training=False))


def _functions(keras):
    """TensorFlow functions between the layers: a constant first, a second tensor, a list of them, a slice."""
    import tensorflow as tf

    layer = keras.layers
    image = keras.Input((12, 12, 3))
    x = layer.Conv2D(4, 3)(keras.applications.mobilenet_v2.preprocess_input(image))
    x = tf.concat([x * tf.nn.sigmoid(x), tf.nn.relu6(1.0 - x), tf.image.resize(x, (10, 10))[..., ::-1]], axis=-1)
    y = tf.reduce_mean(tf.nn.bias_add(x, [0.1] * 12), axis=[1, 2]) ** 2.0
    return keras.Model(image, layer.Dense(3, activation="softmax")(y))


if __name__ == "__main__":
    main(Path(sys.argv[1]))
