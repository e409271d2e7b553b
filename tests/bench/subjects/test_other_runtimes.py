from __future__ import annotations

import numpy as np
import pytest

from cnnkit.bench.options import BenchOptions
from cnnkit.bench.subjects import other_runtimes
from cnnkit.bench.subjects.other_runtimes import other_contenders
from cnnkit.errors import ModelError


@pytest.fixture
def converted(make_contender, make_image, tmp_path, monkeypatch):
    """Converts a model and its original with converters that only note what they are asked, or fail."""

    def make(fails=(), calibration=True):
        make_image("photos/red/1.png")
        asked = []

        def convert(conversion):
            asked.append(conversion)
            if conversion.converter in fails:
                raise ModelError(f"{conversion.converter} cannot convert it")

        monkeypatch.setattr(other_runtimes, "convert", convert)
        original = make_contender("net function", "original-function")
        contenders = [original.__class__(original.name, original.kind, original.path, original.spec, "keras")]
        contenders.append(make_contender("net"))
        folder = tmp_path / "photos" if calibration else None
        options = BenchOptions(
            (contenders[1].path,), original.path, runtimes=("litert", "openvino"), calibration=folder
        )
        return other_contenders(contenders, options, tmp_path), asked

    return make


def test_each_runtime_runs_what_its_own_tool_made(converted):
    found, asked = converted()
    assert [(each.name, each.runtime) for each in found] == [
        ("net function LiteRT INT8", "litert"), ("net OpenVINO", "openvino"), ("net NNCF INT8", "openvino"),
    ]  # fmt: skip
    assert [conversion.converter for conversion in asked] == ["litert", "openvino"]
    assert all(np.load(conversion.images).shape == (1, 8, 8, 3) for conversion in asked)


def test_without_calibration_images_there_is_no_int8(converted):
    found, asked = converted(calibration=False)
    assert [each.name for each in found] == ["net function LiteRT float32", "net OpenVINO"]
    assert [(conversion.converter, conversion.images) for conversion in asked] == [("litert", None)]


def test_what_cannot_be_converted_is_left_out_with_a_warning(converted, caplog):
    found, _ = converted(fails=("openvino", "litert"))
    assert [each.name for each in found] == ["net OpenVINO"]
    assert "openvino cannot convert it (left out)" in caplog.messages
    assert "litert cannot convert it (left out)" in caplog.messages
