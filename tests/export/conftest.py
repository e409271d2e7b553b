from __future__ import annotations

import pytest
from small_cnn import save_small, trained_graph, write_class_folders


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
    return quantize_model(QuantizeOptions(small_model, colours, output, calibration_size=48, threads=1))
