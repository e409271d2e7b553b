"""LiteRT, OpenVINO and NNCF themselves, where they are installed; CI goes without them."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from importlib.util import find_spec

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, run_graph, save_small, trained_graph, write_class_folders
from tiny_keras import KERAS_SPEC, save_tiny_keras
from tiny_models import COLORS, solid, tiny_answer

from cnnkit.bench.contenders import Loading
from cnnkit.bench.subjects import load_subject
from cnnkit.bench.subjects.conversion import Conversion, convert
from cnnkit.errors import ModelError
from cnnkit.spec import write_spec


def installed(*modules: str) -> pytest.MarkDecorator:
    missing = [module for module in modules if find_spec(module) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


needs_litert = installed("ai_edge_litert", "tensorflow")
needs_openvino = installed("openvino")
needs_nncf = installed("openvino", "nncf")
TINY_IMAGES = np.stack([solid(color) for color in COLORS])


@pytest.fixture(scope="module")
def network():
    return trained_graph()


@pytest.fixture
def load_openvino(network, tmp_path):
    """Loads the small CNN, or a file of OpenVINO's own, in OpenVINO on one thread."""
    path = save_small(tmp_path / "small.onnx", network)

    def load(file=path):
        spec = write_spec(SMALL_SPEC)
        return load_subject(Loading("small OpenVINO", "model", str(file), spec, 1, "cpu", 0, "openvino"))

    return load


@pytest.fixture
def load_litert(tmp_path):
    """Converts the tiny Keras model with LiteRT's converter, and loads it on one thread."""
    original = save_tiny_keras(tmp_path / "tiny.keras")

    def load(images=None):
        output, drawn = tmp_path / "tiny.tflite", None
        if images is not None:
            drawn = str(tmp_path / "images.npy")
            np.save(drawn, images)
        spec = write_spec(KERAS_SPEC)
        convert(Conversion("litert", str(original), str(output), spec, drawn))
        return load_subject(Loading("tiny LiteRT", "model", str(output), spec, 1, "cpu", 0, "litert"))

    return load


@needs_openvino
def test_openvino_answers_as_onnxruntime_does(load_openvino, network):
    subject = load_openvino()
    images, _ = colour_images(5)
    for batch in (images[:1], images, images[:4]):
        np.testing.assert_allclose(subject.answers(batch), run_graph(network, batch), atol=1e-5)
    assert subject.loaded.runtime.startswith("openvino 20") and subject.loaded.runtime.endswith(" (cpu)")
    assert (subject.loaded.precision, subject.loaded.threads) == ("float32", 1)


@needs_nncf
def test_nncf_makes_an_int8_network_that_answers_alike(load_openvino, network, tmp_path):
    images, targets = colour_images(20)
    np.save(tmp_path / "images.npy", images)
    output = tmp_path / "quantized.xml"
    source, drawn = str(tmp_path / "small.onnx"), str(tmp_path / "images.npy")
    convert(Conversion("openvino", source, str(output), write_spec(SMALL_SPEC), drawn))
    assert "FakeQuantize" in output.read_text(encoding="utf-8")
    subject = load_openvino(output)
    answers = subject.answers(images)
    assert subject.loaded.precision == "int8"
    assert np.abs(answers - run_graph(network, images)).max() < 0.1
    assert np.mean(answers.argmax(axis=1) == targets) > 0.9


@needs_litert
def test_litert_answers_as_keras_does(load_litert):
    subject = load_litert()
    for batch in (TINY_IMAGES[:1], TINY_IMAGES, TINY_IMAGES[:2]):
        np.testing.assert_allclose(subject.answers(batch), tiny_answer(batch), atol=1e-5)
    assert subject.loaded.runtime.startswith("litert ") and subject.loaded.threads == 1
    assert subject.loaded.precision == "float32"
    assert subject.input_tensor(TINY_IMAGES).dtype == np.float32


@needs_litert
def test_litert_takes_and_gives_integers_when_it_was_calibrated(load_litert):
    subject = load_litert(TINY_IMAGES)
    assert subject.loaded.precision == "int8"
    tensor = subject.input_tensor(TINY_IMAGES)
    assert tensor.dtype == np.uint8 and subject.call(tensor).dtype == np.uint8
    np.testing.assert_array_equal(tensor, TINY_IMAGES)  # 0..255 in 255 steps of one
    np.testing.assert_allclose(subject.answers(TINY_IMAGES), tiny_answer(TINY_IMAGES), atol=0.02)


@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("bad.tflite", r"bad\.tflite: LiteRT cannot load it: .+", id="litert", marks=needs_litert),
        pytest.param("bad.onnx", r"bad\.onnx: OpenVINO cannot load it: .+", id="openvino", marks=needs_openvino),
    ],
)
def test_what_a_runtime_cannot_load(name, message, tmp_path):
    path = tmp_path / name
    path.write_bytes(b"no network")
    runtime = "litert" if path.suffix == ".tflite" else "openvino"
    with pytest.raises(ModelError, match=message):
        load_subject(Loading("bad", "model", str(path), write_spec(SMALL_SPEC), 1, "cpu", 0, runtime))


@pytest.mark.parametrize(
    "converter", [pytest.param("litert", marks=needs_litert), pytest.param("openvino", marks=needs_nncf)]
)
def test_what_a_converter_cannot_convert(converter, tmp_path):
    source = tmp_path / "bad.file"
    source.write_bytes(b"no network")
    np.save(tmp_path / "images.npy", colour_images(1)[0])
    spec = write_spec(SMALL_SPEC)
    asked = Conversion(converter, str(source), str(tmp_path / "out.xml"), spec, str(tmp_path / "images.npy"))
    with pytest.raises(ModelError, match=rf"bad\.file: {converter} cannot convert it: .+"):
        convert(asked)
    assert not (tmp_path / "out.xml").exists()


@needs_nncf
def test_a_run_in_openvino_with_nncf(network, tmp_path):
    model = save_small(tmp_path / "small.onnx", network)
    photos = write_class_folders(tmp_path / "photos", 10)
    arguments = ["bench", "--model", str(model), "--runtime", "openvino", "--calibration", str(photos), "--runs", "10"]
    arguments += ["--data", str(photos), "--no-cold-start", "--batch-size", "4", "--format", "json"]
    done = subprocess.run(
        [sys.executable, "-m", "cnnkit", *arguments], capture_output=True, text=True, env={**os.environ, "CI": "1"}
    )
    assert done.returncode == 0, done.stderr
    found = {each["name"]: each for each in json.loads(done.stdout)["contenders"]}
    assert list(found) == ["small", "small OpenVINO", "small NNCF INT8"]
    assert [each["precision"] for each in found.values()] == ["float32", "float32", "int8"]
    assert found["small"]["accuracy"]["top1"] == found["small OpenVINO"]["accuracy"]["top1"]
