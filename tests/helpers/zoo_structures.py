"""Structures of well-known networks, small, as Keras models."""

# ruff: noqa: N803 - layers are called L, as in most code of such networks

from __future__ import annotations

SIZE = 12


def net(*middle, head="softmax", units=3, size=SIZE, channels=3, first=None, pool=True):
    """A sequential model: a convolution, layers in the middle, and a head."""

    def make(keras):
        layers = keras.layers
        inside = [layer for part in middle for layer in _made(part, layers)]
        begin = [layers.Conv2D(8, 3, padding="same", activation="relu")] if first is None else _made(first, layers)
        ends = [*([layers.GlobalAveragePooling2D()] if pool else [layers.Flatten()]), layers.Dense(units, head)]
        return keras.Sequential([keras.Input((size, size, channels)), *begin, *inside, *ends])

    return make


def _made(part, layers):
    made = part(layers)
    return list(made) if isinstance(made, (list, tuple)) else [made]


def graph(body, *, channels=3, size=SIZE, head="softmax"):
    """A functional model: body(x, layers, keras) between the image and a dense head."""

    def make(keras):
        image = keras.Input((size, size, channels))
        x = body(image, keras.layers, keras)
        if len(x.shape) == 4:
            x = keras.layers.GlobalAveragePooling2D()(x)
        return keras.Model(image, keras.layers.Dense(3, head)(x))

    return make


def residual(x, L, _):
    x = L.Conv2D(8, 3, padding="same")(x)
    y = L.Conv2D(8, 3, padding="same")(L.ReLU()(L.BatchNormalization()(x)))
    return L.ReLU()(L.Add()([x, y]))


def bottleneck(x, L, _):
    shortcut = L.Conv2D(16, 1, strides=2)(x)
    y = L.Conv2D(4, 1, activation="relu")(x)
    y = L.Conv2D(4, 3, strides=2, padding="same", activation="relu")(y)
    return L.ReLU()(L.Add()([shortcut, L.BatchNormalization()(L.Conv2D(16, 1)(y))]))


def inception(x, L, _):
    branches = [L.Conv2D(4, 1)(x), L.Conv2D(4, 3, padding="same")(x), L.Conv2D(4, 5, padding="same")(x)]
    return L.Concatenate()([*branches, L.MaxPooling2D(3, 1, "same")(x)])


def dense_block(x, L, _):
    for _step in range(3):
        x = L.Concatenate()([x, L.Conv2D(4, 3, padding="same", activation="relu")(L.BatchNormalization()(x))])
    return L.AveragePooling2D(2)(L.Conv2D(8, 1)(x))


def squeeze_excite(x, L, _):
    x = L.Conv2D(8, 3, padding="same", activation="swish")(x)
    gate = L.Dense(8, "sigmoid")(L.Dense(2, "relu")(L.GlobalAveragePooling2D(keepdims=True)(x)))
    return L.Multiply()([x, gate])


def inverted(x, L, _):
    x = L.Conv2D(8, 3, strides=2, padding="same")(x)
    y = L.ReLU(6)(L.BatchNormalization()(L.Conv2D(24, 1, use_bias=False)(x)))
    y = L.ReLU(6)(L.BatchNormalization()(L.DepthwiseConv2D(3, padding="same", use_bias=False)(y)))
    return L.Add()([x, L.BatchNormalization()(L.Conv2D(8, 1, use_bias=False)(y))])


def hard_swish(x, L, _):
    return L.Multiply()([x, L.Rescaling(1 / 6)(L.ReLU(6)(L.Rescaling(1, 3.0)(L.Conv2D(3, 3, padding="same")(x))))])


def convnext(x, L, _):
    x = L.LayerNormalization(epsilon=1e-6)(L.Conv2D(8, 4, strides=4)(x))
    y = L.LayerNormalization(epsilon=1e-6)(L.DepthwiseConv2D(7, padding="same")(x))
    return L.Add()([x, L.Dense(8)(L.Dense(32, "gelu")(y))])


def vit(x, L, _):
    patches = L.Reshape((9, 8))(L.Conv2D(8, 4, strides=4)(x))
    y = L.LayerNormalization()(patches)
    y = L.Add()([patches, L.MultiHeadAttention(2, 4)(y, y)])
    y = L.Add()([y, L.Dense(8)(L.Dense(16, "gelu")(L.LayerNormalization()(y)))])
    return L.GlobalAveragePooling1D()(y)


def mixer(x, L, _):
    y = L.Reshape((9, 8))(L.Conv2D(8, 4, strides=4)(x))
    z = L.Permute((2, 1))(L.Dense(9, "gelu")(L.Permute((2, 1))(L.LayerNormalization()(y))))
    return L.GlobalAveragePooling1D()(L.Add()([y, z]))


def shuffle(x, L, _):
    x = L.Conv2D(8, 1)(x)
    x = L.Reshape((SIZE, SIZE, 2, 4))(x)
    return L.Conv2D(8, 3)(L.Reshape((SIZE, SIZE, 8))(L.Permute((1, 2, 4, 3))(x)))


def fire(x, L, _):
    x = L.Conv2D(4, 1, activation="relu")(x)
    both = [L.Conv2D(8, 1, activation="relu")(x), L.Conv2D(8, 3, padding="same", activation="relu")(x)]
    return L.Dropout(0.5)(L.Concatenate()(both))


def repvgg(x, L, _):
    x = L.Conv2D(8, 1)(x)
    return L.ReLU()(L.Add()([L.Conv2D(8, 3, padding="same")(x), L.Conv2D(8, 1)(x), L.BatchNormalization()(x)]))


def ghost(x, L, _):
    x = L.Conv2D(4, 1, activation="relu")(x)
    return L.Concatenate()([x, L.DepthwiseConv2D(3, padding="same", activation="relu")(x)])


def u_net(x, L, _):
    down = L.Conv2D(8, 3, padding="same", activation="relu")(x)
    inner = L.Conv2D(16, 3, padding="same", activation="relu")(L.MaxPooling2D()(down))
    return L.Conv2D(8, 3)(L.Concatenate()([down, L.Conv2DTranspose(8, 2, strides=2)(inner)]))


def cbam(x, L, keras):
    x = L.Conv2D(8, 3, padding="same")(x)
    flat = L.Concatenate()([keras.ops.mean(x, -1, keepdims=True), keras.ops.max(x, -1, keepdims=True)])
    return L.Multiply()([x, L.Conv2D(1, 7, padding="same", activation="sigmoid")(flat)])


def shared(x, L, _):
    conv = L.Conv2D(8, 3, padding="same", activation="relu")
    return L.Maximum()([conv(x), conv(L.Rescaling(-1.0)(x))])


def arithmetic(x, L, _):
    a, b = L.Conv2D(6, 3)(x), L.Conv2D(6, 3)(x)
    return L.Concatenate()([L.Average()([a, b]), L.Minimum()([a, b]), L.Subtract()([a, b])])


def nested(x, L, keras):
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), L.Conv2D(8, 3), L.BatchNormalization(), L.ReLU()])
    return inner(x)


def nested_twice(x, L, keras):
    inner = keras.Sequential([keras.Input((SIZE, SIZE, 3)), L.Conv2D(8, 3), L.ReLU()])
    image = keras.Input((SIZE, SIZE, 3))
    return keras.Model(image, L.Conv2D(4, 3)(inner(image)))(x)


def attention_pooling(x, L, _):
    x = L.Reshape((SIZE * SIZE, 8))(L.Conv2D(8, 3, padding="same", activation="relu")(x))
    weights = L.Softmax(axis=1)(L.Dense(1)(x))
    return L.Flatten()(L.Dot(axes=(1, 1))([weights, x]))


def rows_lstm(x, L, _):
    return L.LSTM(8)(L.Reshape((SIZE, SIZE * 3))(x))


def rows_gru(x, L, _):
    return L.Bidirectional(L.GRU(4))(L.Reshape((SIZE, SIZE * 3))(x))


def time_distributed(x, L, _):
    return L.GlobalAveragePooling1D()(L.TimeDistributed(L.Dense(8, "relu"))(L.Reshape((SIZE, SIZE * 3))(x)))


def ops(x, L, keras):
    x = keras.ops.relu(L.Conv2D(8, 3)(x))
    return keras.ops.concatenate([keras.ops.mean(x, (1, 2)), keras.ops.max(x, (1, 2))], -1)


def low_precision(keras):
    layers, policy = keras.layers, "mixed_float16"
    return keras.Sequential([
        keras.Input((SIZE, SIZE, 3)), layers.Conv2D(8, 3, dtype=policy), layers.ReLU(dtype=policy),
        layers.GlobalAveragePooling2D(dtype=policy), layers.Dense(3, "softmax", dtype="float32"),
    ])  # fmt: skip


def half(keras):
    layers, policy = keras.layers, "float16"
    return keras.Sequential([
        keras.Input((SIZE, SIZE, 3), dtype=policy), layers.Rescaling(1 / 255, dtype=policy),
        layers.Conv2D(8, 3, dtype=policy), layers.GlobalAveragePooling2D(dtype=policy),
        layers.Dense(3, "softmax", dtype="float32"),
    ])  # fmt: skip
