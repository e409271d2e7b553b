"""Every family of keras.applications, its smallest network with random weights that are made lively, exported."""

from __future__ import annotations

import re

import numpy as np
import pytest

from cnnkit.export import ExportOptions, export_model
from cnnkit.export.parity import logit_difference
from cnnkit.export.samples import blended_photo
from cnnkit.foreign import InputFlags
from cnnkit.runtime import OnnxClassifier
from cnnkit.spec import InputSpec

CLASSES, PHOTOS = 10, 64
GATE, HALF_OPEN = "se_expand", 0.1  # of EfficientNets; what its kernel is multiplied with
ADDED = 0.2  # of its input, by the last normalisation of an EfficientNet's block
ADDING = re.compile(r"block\d+[b-z]_project_bn")  # the first of a stage, "a", adds to nothing
LEAST_SPREAD = 1e-3  # of the largest logit: float32 rounds what is less away
INSIDE, AROUND_ZERO = InputFlags(), InputFlags(scale=1 / 127.5, mean=(1.0,))
# Network -> the smallest side that it takes, and how it wants its pixels.
FAMILIES = {
    "ConvNeXtTiny": (64, INSIDE), "ConvNeXtSmall": (64, INSIDE), "DenseNet121": (32, AROUND_ZERO),
    "DenseNet169": (32, AROUND_ZERO), "EfficientNetB0": (32, INSIDE), "EfficientNetB1": (32, INSIDE),
    "EfficientNetV2B0": (32, INSIDE), "EfficientNetV2S": (32, INSIDE), "InceptionResNetV2": (75, AROUND_ZERO),
    "InceptionV3": (75, AROUND_ZERO), "MobileNet": (32, AROUND_ZERO), "MobileNetV2": (32, AROUND_ZERO),
    "MobileNetV3Small": (32, INSIDE), "MobileNetV3Large": (32, INSIDE), "NASNetMobile": (32, AROUND_ZERO),
    "ResNet50": (32, AROUND_ZERO), "ResNet101": (32, AROUND_ZERO), "ResNet50V2": (32, AROUND_ZERO),
    "ResNet101V2": (32, AROUND_ZERO), "VGG16": (32, AROUND_ZERO), "VGG19": (32, AROUND_ZERO),
    "Xception": (71, AROUND_ZERO),
}  # fmt: skip


def lively(keras, name, size, tensor):
    """A network whose weights all show, drawn at random, its logits spread by 1.

    Its statistics are drawn, too, or those of the photos where its answers would else hardly vary, or gates shut. For
    onnxruntime gives sigmoids to 1e-7 rather than to as many digits, and 0 below -18: normalisation behind gates that
    are all shut would make answers of that. What a block adds to its input is small beside it, as in trained networks,
    which may begin with nothing (Goyal et al., 2017): else deep ones make much of what float32 rounds.
    """
    keras.utils.set_random_seed(1)
    model = getattr(keras.applications, name)(
        weights=None, input_shape=(size, size, 3), classes=CLASSES, classifier_activation=None
    )
    rng = np.random.default_rng(1)
    normed = any("Normalization" in type(layer).__name__ for layer in model.layers)  # else biases drown what is seen
    for variable in model.variables:
        shape, kind = variable.shape, variable.path.rpartition("/")[2]
        if kind in ("gamma", "moving_variance"):
            added = kind == "gamma" and ADDING.search(variable.path)
            variable.assign(rng.uniform(0.5, 1.5, shape) * (ADDED if added else 1))
        elif kind == "kernel" and GATE in variable.path:
            variable.assign(variable * HALF_OPEN)
        elif normed and kind in ("beta", "bias", "moving_mean") and len(shape):
            variable.assign(rng.normal(0, 0.1, shape))
    logits = model.predict(tensor, verbose=0)
    gated = any(GATE in layer.name for layer in model.layers)
    if gated or logits.std(axis=0).mean() < LEAST_SPREAD * np.abs(logits).max():
        for layer in model.layers:
            if isinstance(layer, keras.layers.BatchNormalization):
                layer.momentum = 0.0
        model(tensor, training=True)
    head = next(layer for layer in reversed(model.layers) if hasattr(layer, "kernel"))
    logits = model.predict(tensor, verbose=0)
    spread, bias = logits.std(axis=0).mean(), np.asarray(head.bias)
    head.kernel.assign(head.kernel / spread)
    head.bias.assign((bias - logits.mean(axis=0)) / spread)
    return model


@pytest.mark.slow
@pytest.mark.parametrize("name", FAMILIES)
def test_parity_by_logits(keras, tmp_path, name):
    size, flags = FAMILIES[name]
    photos = blended_photo(PHOTOS, InputSpec(size, size, 3), seed=5)
    tensor = photos.astype(np.float32) if flags is INSIDE else photos.astype(np.float32) / 127.5 - 1
    model = lively(keras, name, size, tensor)
    model.save(tmp_path / "net.keras")
    labels = ",".join(f"class_{number}" for number in range(CLASSES))
    options = ExportOptions(tmp_path / "net.keras", tmp_path / "net.onnx", labels=labels, input=flags, head="logits")
    report = export_model(options)
    logits = np.asarray(model.predict(tensor, verbose=0), np.float64)
    expected = np.exp(logits - logits.max(axis=1, keepdims=True))
    expected = (expected / expected.sum(axis=1, keepdims=True)).astype(np.float32)
    answers = OnnxClassifier(report.path).probabilities(photos)
    assert (answers.argmax(axis=1) == logits.argmax(axis=1)).all()
    assert logits.std(axis=0).mean() > 0.5, "the answers do not vary from photo to photo"
    assert logit_difference(expected, answers) < 1e-3
