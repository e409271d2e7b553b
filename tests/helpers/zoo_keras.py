"""Small models as people have them, structures of well-known networks among them, each with its right outcome."""

# ruff: noqa: N803 - layers are called L, as in most code of such networks

from __future__ import annotations

from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any, NamedTuple

import numpy as np
from zoo_structures import (
    SIZE,
    arithmetic,
    attention_pooling,
    bottleneck,
    cbam,
    convnext,
    dense_block,
    fire,
    ghost,
    graph,
    half,
    hard_swish,
    inception,
    inverted,
    low_precision,
    mixer,
    nested,
    nested_twice,
    net,
    ops,
    repvgg,
    residual,
    rows_gru,
    rows_lstm,
    shared,
    shuffle,
    squeeze_excite,
    time_distributed,
    u_net,
    vit,
)

from cnnkit.foreign import InputFlags
from cnnkit.runtime import import_keras

EQUAL = "exported and equal"
UNIT = InputFlags(scale=1 / 255)
NOTHING = InputFlags()


class Case(NamedTuple):
    """A model and what becomes of it."""

    make: Callable[[Any], Any]  # takes the module keras, gives a keras.Model
    expected: str = EQUAL  # or a pattern of the message that asks or refuses
    flags: InputFlags = UNIT
    options: Mapping[str, Any] = MappingProxyType({})  # of the export
    suffix: str = ".keras"  # "" is a SavedModel
    loss: Callable[[Any], Any] | None = None


def own_layer(call, name="Own"):
    """A layer of somebody's own, which Keras knows by its registration."""

    def make(keras):
        @keras.saving.register_keras_serializable("zoo", name)
        class Own(keras.layers.Layer):
            def call(self, x):
                return call(x, keras)

        return Own()

    return lambda layers: make(import_keras("a test"))


def unknown_layer(keras):
    """A layer that is not registered when the file is read."""

    class Involution(keras.layers.Layer):
        def call(self, x):
            return x * 2

    return keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), keras.layers.Conv2D(4, 3), Involution(), keras.layers.GlobalAveragePooling2D(),
        keras.layers.Dense(3, "softmax"),
    ])  # fmt: skip


def subclassed(keras):
    """A subclassed model, called once."""

    @keras.saving.register_keras_serializable("zoo", "Subclassed")
    class Subclassed(keras.Model):
        def __init__(self, **options):
            super().__init__(**options)
            self.conv = keras.layers.Conv2D(8, 3, activation="relu")
            self.pool = keras.layers.GlobalAveragePooling2D()
            self.head = keras.layers.Dense(3, "softmax")

        def call(self, x, training=False):
            return self.head(self.pool(self.conv(x)))

    model = Subclassed()
    model(np.zeros((1, SIZE, SIZE, 3), np.float32))
    return model


def _normalized(high):
    def layer(layers):
        made = layers.Normalization()
        made.adapt(np.random.default_rng(0).uniform(0, high, (64, SIZE, SIZE, 3)).astype(np.float32))
        return made, layers.Conv2D(8, 3, activation="relu")

    return layer


def _scaled(*arguments):
    return lambda layers: (layers.Rescaling(*arguments), layers.Conv2D(8, 3, activation="relu"))


def argmax(keras):
    model = net()(keras)
    last = own_layer(lambda x, keras: keras.ops.argmax(x, -1), "Argmax")(keras.layers)
    return keras.Model(model.inputs, last(model.outputs[0]))


def two_inputs(keras):
    images = [keras.Input((SIZE, SIZE, 3)) for _ in range(2)]
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Add()(images))
    return keras.Model(images, keras.layers.Dense(3, "softmax")(x))


def two_outputs(keras):
    image = keras.Input((SIZE, SIZE, 3))
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(image))
    heads = {name: keras.layers.Dense(3, "softmax", name=name)(x) for name in ("kind", "colour")}
    return keras.Model(image, heads)


def dictionaries(keras):
    image = keras.Input((SIZE, SIZE, 3), name="image")
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(image))
    return keras.Model({"image": image}, {"classes": keras.layers.Dense(3, "softmax")(x)})


def channels_first(keras):
    layers = keras.layers
    image = keras.Input((3, SIZE, SIZE))
    x = layers.Permute((3, 1, 2))(layers.Conv2D(8, 3)(layers.Permute((2, 3, 1))(image)))
    return keras.Model(image, layers.Dense(3, "softmax")(layers.GlobalAveragePooling2D("channels_first")(x)))


def bytes_in(keras):
    image = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    x = keras.ops.cast(image, "float32") / 255.0
    x = keras.layers.GlobalAveragePooling2D()(keras.layers.Conv2D(8, 3)(x))
    return keras.Model(image, keras.layers.Dense(3, "softmax")(x))


def any_size(keras):
    layers = keras.layers
    return keras.Sequential(
        [keras.Input((None, None, 3)), layers.Conv2D(8, 3), layers.GlobalAveragePooling2D(), layers.Dense(3, "softmax")]
    )


def no_numbers(keras):
    model = net()(keras)
    model.set_weights([np.full_like(weight, np.nan) for weight in model.get_weights()])
    return model


def fully_convolutional(keras):
    layers = keras.layers
    return keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), layers.Conv2D(8, 3), layers.Conv2D(3, 1),
        layers.GlobalAveragePooling2D(keepdims=True), layers.Softmax(),
    ])  # fmt: skip


def _classes(keras):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def _binary(keras):
    return keras.losses.BinaryCrossentropy(from_logits=True)


TWO = {"labels": "cat,dog"}
KERAS: dict[str, Case] = {
    # structures
    "plain": Case(net()),
    "lenet": Case(net(lambda L: (L.AveragePooling2D(2), L.Conv2D(8, 3, activation="tanh"), L.Flatten(), L.Dense(8)),
                      pool=False)),
    "vgg": Case(net(lambda L: (L.Conv2D(8, 3, padding="same", activation="relu"), L.MaxPooling2D(), L.Flatten(),
                               L.Dense(16, "relu"), L.Dropout(0.5)), pool=False)),
    **{
        body.__name__.replace("_", " "): Case(graph(body))
        for body in (
            residual, bottleneck, inception, dense_block, squeeze_excite, inverted, hard_swish, convnext, vit, mixer,
            shuffle, fire, repvgg, ghost, u_net, cbam, shared, arithmetic, nested, nested_twice, attention_pooling,
            rows_lstm, rows_gru, time_distributed, ops,
        )
    },
    # single layers
    **{
        name: Case(net(layer))
        for name, layer in {
            "separable": lambda L: L.SeparableConv2D(8, 3),
            "depthwise, multiplied": lambda L: L.DepthwiseConv2D(3, depth_multiplier=2),
            "grouped": lambda L: L.Conv2D(8, 3, groups=4),
            "dilated": lambda L: L.Conv2D(8, 3, dilation_rate=2),
            "transposed": lambda L: L.Conv2DTranspose(8, 3, strides=2, padding="same"),
            "group normalization": lambda L: L.GroupNormalization(4),
            "unit normalization": lambda L: L.UnitNormalization(),
            "batch normalization, no scale": lambda L: L.BatchNormalization(scale=False, center=False),
            "padding and cropping": lambda L: (L.ZeroPadding2D(2), L.Cropping2D(1)),
            "enlarged by repeating": lambda L: L.UpSampling2D(2),
            "enlarged bilinearly": lambda L: L.UpSampling2D(2, interpolation="bilinear"),
            "prelu": lambda L: L.PReLU(shared_axes=(1, 2)),
            "leaky relu": lambda L: L.LeakyReLU(0.2),
            "elu": lambda L: L.ELU(0.7),
            "selu and alpha dropout": lambda L: (L.Activation("selu"), L.AlphaDropout(0.3)),
            "gelu": lambda L: L.Activation("gelu"),
            "celu": lambda L: L.Activation("celu"),
            "mish": lambda L: L.Activation("mish"),
            "softplus": lambda L: L.Activation("softplus"),
            "noise": lambda L: (L.GaussianNoise(0.1), L.GaussianDropout(0.1), L.SpatialDropout2D(0.1)),
            "global max": lambda L: (L.GlobalMaxPooling2D(keepdims=True),),
            "own layer": own_layer(lambda x, keras: keras.ops.square(x)),
            "own layer with log1p": own_layer(lambda x, keras: keras.ops.log1p(x), "Logarithm"),
        }.items()
    },
    "augmentation in front": Case(net(first=lambda L: (L.RandomFlip("horizontal"), L.RandomRotation(0.1),
                                                       L.RandomZoom(0.1), L.RandomContrast(0.1), L.Conv2D(8, 3)))),
    "resized inside": Case(net(first=lambda L: (L.Resizing(8, 8), L.Conv2D(8, 3)))),
    "cropped inside": Case(net(first=lambda L: (L.CenterCrop(8, 8), L.Conv2D(8, 3)))),
    # inputs
    "gray": Case(net(channels=1)),
    "bytes": Case(bytes_in, flags=NOTHING),
    "rescaled to 0..1": Case(net(first=_scaled(1 / 255)), flags=NOTHING),
    "rescaled to -1..1": Case(net(first=_scaled(1 / 127.5, -1)), flags=NOTHING),
    "rescaled from 0..1": Case(net(first=_scaled(2, -1)), flags=NOTHING),
    "normalized from 0..255": Case(net(first=_normalized(255)), flags=NOTHING),
    "normalized from 0..1": Case(net(first=_normalized(1)), flags=NOTHING),
    "any size, said": Case(any_size, flags=InputFlags(scale=1 / 255, size=(10, 14))),
    "channels first": Case(channels_first),
    "dictionaries": Case(dictionaries),
    "scaled twice": Case(net(first=_scaled(1 / 255)), "scales its input itself, and with what is said"),
    "scaling unknown": Case(net(), "how .* wants its pixels is unknown .*say --scale", NOTHING),
    "any size": Case(any_size, "does not say its input size: add --size"),
    "four channels": Case(net(channels=4), "takes images of 4 channels, expected 3 .colour. or 1"),
    "two inputs": Case(two_inputs, "has 2 inputs and 1 outputs, expected one of each"),
    # heads
    "fully convolutional": Case(fully_convolutional),
    "logits by their loss": Case(net(head=None), loss=_classes),
    "logits by word": Case(net(head=None), options={"head": "logits"}),
    "log softmax": Case(net(head="log_softmax")),
    "one sigmoid": Case(net(head="sigmoid", units=1), options=TWO),
    "one hard sigmoid": Case(net(head="hard_sigmoid", units=1), options=TWO),
    "one logit by its loss": Case(net(head=None, units=1), options=TWO, loss=_binary),
    "sigmoids": Case(net(head="sigmoid")),
    "logits of sigmoids": Case(net(head=None), loss=_binary),
    "one of two outputs": Case(two_outputs, options={"output_name": "colour"}),
    "linear, no loss": Case(net(head=None), "says no loss, so what its numbers mean is unknown"),
    "linear, squares": Case(net(head=None), "was trained with mean_squared_error", loss=lambda _: "mse"),
    "one logit, no loss": Case(net(head=None, units=1), "say --head logits if a sigmoid is to", options=TWO),
    "tanh": Case(net(head="tanh", units=1), "made by Tanh: say --head sigmoid", options=TWO),
    "relu": Case(net(head="relu"), "made by Relu: say --head softmax"),
    "two outputs": Case(two_outputs, "has 2 outputs: say which with --output-name"),
    "labels missing": Case(net(), "does not say its class names: add --labels", options={"labels": None}),
    "labels of others": Case(net(), r"output of shape \(3,\) for an image and there are 2 labels", options=TWO),
    "argmax": Case(argmax, "ends in ArgMax, which gives the number of a class"),
    # files
    "h5": Case(graph(residual), suffix=".h5"),
    "mixed precision": Case(low_precision),
    "subclassed": Case(subclassed, flags=InputFlags(scale=1 / 255, size=(SIZE, SIZE))),
    "subclassed, any size": Case(subclassed, "does not say its input size: add --size"),
    "saved model": Case(graph(inverted), suffix=""),
    "saved model, subclassed": Case(subclassed, suffix=""),
    "saved model, augmented": Case(net(first=lambda L: (L.RandomFlip("horizontal"), L.RandomRotation(0.1),
                                                        L.Conv2D(8, 3))), suffix=""),
    "saved model, float16": Case(half, "wants its pixels is unknown.*say --scale", NOTHING, suffix=""),
    "saved model, float16, scaled": Case(half, "is one function that cannot be exported.*in float32, or export its",
                                         InputFlags(scale=1.0), suffix=""),
    "lambda": Case(net(lambda L: L.Lambda(lambda x: x * 2)), "holds a Lambda layer, and code from a file is not run"),
    "lambda in a saved model": Case(net(lambda L: L.Lambda(lambda x: x * 2)), suffix=""),
    "class that is not there": Case(unknown_layer, "Could not locate class .*Involution.*save it as a SavedModel"),
    "class in a saved model": Case(unknown_layer, suffix=""),
    "no numbers": Case(no_numbers, "with what is no number|no number"),
    "operator that is not known": Case(net(own_layer(lambda x, keras: keras.ops.erfinv(x / 10), "Erfinv")),
                                       "computes Erfinv in layer .*, which cannot be exported to ONNX"),
}  # fmt: skip
