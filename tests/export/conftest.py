from __future__ import annotations

import zlib

import numpy as np
import pytest
from small_cnn import save_small, trained_graph, write_class_folders
from small_keras import SIZE, body, random_images, randomise

from cnnkit.runtime.golden import encode_golden
from cnnkit.runtime.keras import import_keras
from cnnkit.spec import DatasetRecord, InputSpec, ModelSpec, Provenance, write_spec
from cnnkit.system.files import sha256


@pytest.fixture(scope="session")
def small_model(tmp_path_factory):
    """A float32 ONNX file of the small CNN, with its spec."""
    return save_small(tmp_path_factory.mktemp("small") / "small.onnx", trained_graph())


@pytest.fixture(scope="session")
def colours(tmp_path_factory):
    """Three class folders of 40 images each."""
    return write_class_folders(tmp_path_factory.mktemp("colours"), 40)


@pytest.fixture(scope="session")
def quantized(small_model, colours, tmp_path_factory):
    """The report of quantizing the small CNN with 48 of the images."""
    from cnnkit.export import QuantizeOptions, quantize_model

    output = tmp_path_factory.mktemp("quantized") / "small.int8.onnx"
    options = QuantizeOptions(small_model, colours, output, calibration_size=48, threads=1, scheme="u8s8-7bit")
    return quantize_model(options)


@pytest.fixture(scope="session")
def keras():
    module = import_keras("a test")
    module.utils.set_random_seed(0)
    return module


@pytest.fixture(scope="session")
def networks(keras, tmp_path_factory):
    """Saves a network by name, once: networks(name, layers) -> path."""
    folder = tmp_path_factory.mktemp("keras")

    def save(name, *layers, channels=3, size=SIZE):
        path = folder / name
        if not path.exists():
            keras.utils.set_random_seed(zlib.crc32(name.encode()))  # whatever was made before it
            model = keras.Sequential([keras.Input((size, size, channels)), *layers])
            randomise(model)
            model.save(path)
        return path

    return save


@pytest.fixture(scope="session")
def run_folder(keras, networks, tmp_path_factory):
    """A run folder as cnnkit train leaves it, two golden images in it."""
    folder = tmp_path_factory.mktemp("run")
    path = networks("a.keras", keras.layers.Rescaling(1 / 64, offset=-121 / 64), *body(keras))
    (folder / "model.keras").write_bytes(path.read_bytes())
    taken = InputSpec(SIZE, SIZE, 3, dtype="float32", resize="crop")
    facts = Provenance(
        "0.9", "conv2", "adam", 7, DatasetRecord("colours", {"train": 9}, "f" * 64), sha256(path), taken, {"top1": 0.75}
    )
    golden = encode_golden(random_images(2), np.full((2, 3), 1 / 3, np.float32))
    spec = ModelSpec(("ant", "bee", "cat"), taken, provenance=facts, golden=golden)
    (folder / "spec.json").write_text(write_spec(spec), encoding="utf-8")
    return folder
