from __future__ import annotations

import numpy as np
import pytest
from small_keras import LABELS, SIZE, body, exported, keras_answers, random_images

from cnnkit.errors import UsageError
from cnnkit.export.original.scaling import Seen, settled_scale
from cnnkit.foreign import InputFlags
from cnnkit.runtime import load_keras_model
from cnnkit.runtime.onnx import OnnxClassifier
from cnnkit.spec import InputSpec

BYTES, UNIT = 1.0, 1 / 255
MEAN, VARIANCE = (0.485, 0.456, 0.406), (0.229**2, 0.224**2, 0.225**2)


def adapted(keras, top, *, axis=-1):
    photos = np.random.default_rng(0).beta(2, 2, (64, SIZE, SIZE, 3))
    photos[:, :2] = 0.25  # borders that never vary
    layer = keras.layers.Normalization(axis=axis)
    layer.adapt((photos * top).astype(np.float32))
    return layer


def learnt(keras, mean, variance):
    moving = {"moving_mean": mean, "moving_variance": variance}
    return keras.layers.BatchNormalization(
        **{f"{name}_initializer": keras.initializers.Constant(value) for name, value in moving.items()}
    )


FRONTS = {
    "nothing": (lambda _: (), None),
    "Rescaling to 0..1": (lambda k: (k.layers.Rescaling(1 / 255),), BYTES),
    "Rescaling to -1..1": (lambda k: (k.layers.Rescaling(1 / 127.5, offset=-1),), BYTES),
    "Rescaling to -0.5..0.5": (lambda k: (k.layers.Rescaling(1 / 255, offset=-0.5),), BYTES),
    "Rescaling of 0..1 to -1..1": (lambda k: (k.layers.Rescaling(2, offset=-1),), UNIT),
    "Rescaling to nothing usual": (lambda k: (k.layers.Rescaling(1 / 127.5),), None),
    "Rescaling by 1": (lambda k: (k.layers.Rescaling(1.0),), None),
    "Normalization adapted to 0..255": (lambda k: (adapted(k, 255),), BYTES),
    "Normalization adapted to 0..1": (lambda k: (adapted(k, 1),), UNIT),
    "Normalization of each pixel, adapted to 0..1": (lambda k: (adapted(k, 1, axis=(1, 2, 3)),), UNIT),
    "ImageNet's mean and variance": (lambda k: (k.layers.Normalization(mean=MEAN, variance=VARIANCE),), UNIT),
    "ImageNet's behind a Rescaling": (
        lambda k: (k.layers.Rescaling(1 / 255), k.layers.Normalization(mean=MEAN, variance=VARIANCE)),
        BYTES,
    ),
    "means of 0..255": (lambda k: (k.layers.Normalization(mean=(104, 117, 124), variance=(1, 1, 1)),), None),
    "BatchNormalization untrained": (lambda k: (k.layers.BatchNormalization(),), None),
    "BatchNormalization learnt on 0..255": (lambda k: (learnt(k, 130, 70**2),), BYTES),
    "BatchNormalization learnt on 0..1": (lambda k: (learnt(k, 0.47, 0.26**2),), UNIT),
    "BatchNormalization learnt on -1..1, dark": (lambda k: (learnt(k, -0.1, 0.54**2),), None),
    "BatchNormalization learnt on -1..1, bright": (lambda k: (learnt(k, 0.4, 0.54**2),), None),
    "BatchNormalization learnt on standardised pixels": (lambda k: (learnt(k, 0.1, 0.95**2),), None),
    "Resizing, then Rescaling": (lambda k: (k.layers.Resizing(6, 6), k.layers.Rescaling(1 / 255)), BYTES),
    "a border of zeros": (lambda k: (k.layers.Rescaling(1 / 255), k.layers.ZeroPadding2D(6)), BYTES),
    "pooling": (lambda k: (k.layers.Rescaling(1 / 255), k.layers.AveragePooling2D(4)), BYTES),
    "a nested model": (lambda k: (k.Sequential([k.layers.Rescaling(1 / 255)]), k.layers.Conv2D(3, 3)), BYTES),
    "too late": (lambda k: (k.layers.SeparableConv2D(4, 3), k.layers.Rescaling(1 / 255)), None),
    "any brightness": (lambda k: (k.layers.LayerNormalization(axis=(1, 2), scale=False, center=False),), None),
}  # fmt: skip


@pytest.mark.parametrize("name", FRONTS)
def test_what_layers_in_front_settle(keras, name):
    front, scale = FRONTS[name]
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), *front(keras), *body(keras)])
    assert settled_scale(model, InputSpec(SIZE, SIZE, 3)) == scale


@pytest.mark.parametrize(
    "name",
    [
        "Rescaling to 0..1",
        "ImageNet's mean and variance",
        "a nested model",
        "Resizing, then Rescaling",
        "nothing",
        "too late",
    ],
)
def test_what_the_graph_of_a_saved_model_settles(keras, tmp_path, name):
    front, scale = FRONTS[name]
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), *front(keras), *body(keras)]).export(
        str(tmp_path / "net"), verbose=False
    )
    assert settled_scale(load_keras_model(tmp_path / "net"), InputSpec(SIZE, SIZE, 3)) == scale


def test_a_saved_model_is_not_scaled_twice(keras, tmp_path):
    model = keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 255), *body(keras)])
    model.export(str(tmp_path / "net"), verbose=False)
    with pytest.raises(UsageError, match=r"scales its input itself, and with what is said .* sees 0 to 0\.0039"):
        exported(tmp_path / "net", tmp_path, flags=InputFlags(scale=1 / 255))
    images = random_images()
    answers = OnnxClassifier(exported(tmp_path / "net", tmp_path).path).probabilities(images)
    np.testing.assert_allclose(answers, model(images.astype(np.float32)), atol=1e-5)


def beside(keras, *, scaled_too):
    """A network of two branches, a Rescaling on one of them or in front of both."""
    image = keras.Input((SIZE, SIZE, 3))
    scaled = keras.layers.Rescaling(1 / 255)(image)
    branches = [keras.layers.Conv2D(3, 3)(one) for one in (scaled if scaled_too else image, scaled)]
    pooled = keras.layers.GlobalAveragePooling2D()(keras.layers.Concatenate()(branches))
    return keras.Model(image, keras.layers.Dense(3, activation="softmax")(pooled))


@pytest.mark.parametrize(("scaled_too", "scale"), [(True, BYTES), (False, None)], ids=["both", "one"])
def test_every_branch_counts(keras, scaled_too, scale):
    assert settled_scale(beside(keras, scaled_too=scaled_too), InputSpec(SIZE, SIZE, 3)) == scale


def test_a_rescaling_on_a_side_branch_is_asked_about(keras, tmp_path):
    beside(keras, scaled_too=False).save(tmp_path / "side.keras")
    with pytest.raises(UsageError, match=r"first layer sees 0 to 255\): say --scale .* --data DIR"):
        exported(tmp_path / "side.keras", tmp_path)


OF_UNIT = [name for name, (_, scale) in FRONTS.items() if scale == UNIT and not name.startswith("Batch")]


@pytest.mark.parametrize("name", OF_UNIT)
def test_pixels_from_0_to_1_are_exported_so(keras, networks, tmp_path, name):
    path = networks(f"{name.replace('/', ' ')}.keras", *FRONTS[name][0](keras), *body(keras, pool=False))
    report = exported(path, tmp_path)
    images = random_images()
    expected = keras_answers(keras, path, images / np.float32(255))
    assert np.abs(keras_answers(keras, path, images) - expected).max() > 0.1
    np.testing.assert_allclose(OnnxClassifier(report.path).probabilities(images), expected, atol=1e-4)
    assert report.spec.provenance.original_input.scale == pytest.approx(UNIT)


@pytest.mark.parametrize(
    ("front", "flags", "message"),
    [
        ("Rescaling to 0..1", {"scale": UNIT}, "first layer sees 0 to 0.00392, expected 0 to 1"),
        ("Rescaling to -1..1", {"scale": UNIT}, "-0.992, expected -1 to 1: leave out --scale, --mean and"),
        ("Rescaling of 0..1 to -1..1", {"scale": 1.0}, "first layer sees -1 to 509, expected -1 to 1"),
        ("Normalization adapted to 0..255", {"scale": 1 / 127.5, "mean": (1.0,)}, "scales its input itself"),
        ("Rescaling to 0..1", {"scale": 1.0}, None),
        ("ImageNet's mean and variance", {"scale": UNIT}, None),
        ("Rescaling to nothing usual", {"scale": UNIT}, None),
    ],
)
def test_nothing_is_scaled_twice(keras, networks, tmp_path, front, flags, message):
    path = networks(f"{front.replace('/', ' ')}.keras", *FRONTS[front][0](keras), *body(keras, pool=False))
    if message is None:
        assert exported(path, tmp_path, flags=InputFlags(**flags)).path.exists()
        return
    with pytest.raises(UsageError, match=message):
        exported(path, tmp_path, flags=InputFlags(**flags))


@pytest.mark.parametrize(
    ("dtype", "front", "flags", "message"),
    [
        ("float16", "nothing", {}, "say --scale"),
        ("float64", "nothing", {}, "say --scale"),
        ("bfloat16", "nothing", {}, "say --scale"),
        ("float64", "nothing", {"scale": UNIT}, None),
        ("float16", "Rescaling to 0..1", {}, None),
        ("int32", "Rescaling to 0..1", {}, None),
        ("int32", "Rescaling of 0..1 to -1..1", {"scale": UNIT}, "takes int32, whole numbers"),
        ("int32", "Rescaling to nothing usual", {}, "say --scale"),
        ("uint8", "Rescaling to 0..1", {"scale": UNIT}, "takes uint8 pixels as they are"),
        ("uint8", "Rescaling to 0..1", {}, None),
    ],
)
def test_inputs_of_every_type(keras, tmp_path, dtype, front, flags, message):
    path = tmp_path / "typed.keras"
    layers = (*FRONTS[front][0](keras), *body(keras))
    keras.Sequential([keras.Input((SIZE, SIZE, 3), dtype=dtype), *layers]).save(path)
    if message is None:
        assert exported(path, tmp_path, flags=InputFlags(**flags)).spec.labels == tuple(LABELS.split(","))
        return
    with pytest.raises(UsageError, match=message):
        exported(path, tmp_path, flags=InputFlags(**flags))


@pytest.mark.parametrize(
    ("low", "high", "usual"),
    [(0, 1, True), (-1, 1, True), (-2.1, 2.6, True), (-0.42, 2.8, True), (-4.4, 4.7, True), (0.04, 0.96, True),
     (0, 255, False), (0, 1 / 255, False), (-1, 509, False), (0, 2, False), (-1, -0.99, False), (-120, 135, False)],
)  # fmt: skip
def test_ranges_that_networks_are_trained_on(low, high, usual):
    assert Seen(low, high).is_usual() is usual
