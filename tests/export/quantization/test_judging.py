from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from small_cnn import SMALL_SPEC, colour_images, save_small, trained_graph, write_class_folders

from cnnkit.errors import ParityError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.quantization import beforehand
from cnnkit.export.quantization.beforehand import warn_beforehand
from cnnkit.export.quantization.judged_images import doubts, unlike
from cnnkit.export.quantization.jury import Jury
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of


def photos(count: int, seed: int, low: int = 0, high: int = 256) -> np.ndarray:
    random = np.random.default_rng(seed)
    levels = random.integers(low, high, (count, 1, 1, 3))
    return np.clip(levels + random.normal(0, 10, (count, 8, 8, 3)), 0, 255).astype(np.uint8)


GRAY = photos(40, 1).mean(axis=3, keepdims=True).repeat(3, 3).astype(np.uint8)


@pytest.mark.parametrize(
    ("labels", "targets", "expected"),
    [
        ([0, 1] * 10, [0, 1] * 10, []),
        ([1] * 20, [0, 1] * 10, ["float32 answers 'b' to all 20 images"]),
        ([1] * 20, [], ["float32 answers 'b' to all 20 images"]),
        ([1] * 20, [1] * 20, []),
        ([1] * 8, [], []),
        ([0, 1] * 10, [1, 0] * 10, ["float32 is right on none of 20 images"]),
        ([0, 1] * 10, [], []),
    ],
)
def test_doubts(labels, targets, expected):
    said = list(doubts(np.array(labels, np.int64), np.array(targets, np.int64), ("a", "b")))
    assert [text[: len(start)] for text, start in zip(said, expected, strict=True)] == expected


@pytest.mark.parametrize(
    ("calibrating", "judging", "by"),
    [
        pytest.param(photos(40, 1), photos(60, 2), None, id="alike"),
        pytest.param(np.zeros((40, 8, 8, 3), np.uint8), photos(60, 2), "brightness", id="black"),
        pytest.param(photos(40, 1, 0, 60), photos(40, 2, 190, 256), "brightness", id="night and day"),
        pytest.param(GRAY, photos(60, 2), "colour", id="gray"),
        pytest.param(np.zeros((4, 8, 8, 3), np.uint8), photos(60, 2), None, id="too few to tell"),
    ],
)  # fmt: skip
def test_calibration_images_of_another_kind(calibrating, judging, by):
    said = unlike(calibrating, judging)
    assert said is None if by is None else f"by their {by} (" in said


@pytest.fixture(scope="module")
def few(tmp_path_factory):
    return write_class_folders(tmp_path_factory.mktemp("few"), 10)


def test_calibration_images_judge_where_there_are_no_others(small_model, few, tmp_path, caplog):
    report = quantize_model(QuantizeOptions(small_model, few, tmp_path / "o.onnx", threads=1))
    assert "too few images are left to measure the loss of accuracy" in caplog.text
    assert report.decision.reason.endswith("images that calibrate, which flatter")
    judged = [one for one in report.measured[1:] if one.effect is not None]
    assert len(judged) == len(report.measured) - 1
    assert {one.effect.drop for one in judged} == {None}


def negate_weights(graph):
    from onnx import numpy_helper

    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim >= 2 and values.dtype == np.int8:
            tensor.CopyFrom(numpy_helper.from_array(np.ascontiguousarray(-np.maximum(values, -127)), tensor.name))
    return graph


@pytest.fixture
def broken_integers(monkeypatch):
    from cnnkit.export.quantization.candidates import Workshop

    real = Workshop.quantized

    def broken(self, scheme, floats=()):
        graph, quantizer = real(self, scheme, floats)
        return negate_weights(graph), quantizer

    monkeypatch.setattr(Workshop, "quantized", broken)


def test_what_is_known_to_be_wrong_is_not_written(small_model, few, tmp_path, broken_integers):
    options = QuantizeOptions(small_model, few, tmp_path / "o.onnx", threads=1)
    report = quantize_model(options)
    assert report.decision.chosen.candidate.precision != "int8"
    asked = replace(options, output=tmp_path / "asked.onnx", scheme="u8s8-pairs")
    with pytest.raises(ParityError, match=r"--scheme u8s8-pairs: same label on .* only, .*--force writes it"):
        quantize_model(asked)
    assert not asked.output.exists()


def test_a_scheme_is_forced_and_verify_fails(small_model, few, tmp_path, broken_integers, caplog):
    from cnnkit.runtime.golden import check_golden

    options = QuantizeOptions(small_model, few, tmp_path / "forced.onnx", threads=1, scheme="u8s8-pairs", force=True)
    report = quantize_model(options)
    assert report.path.exists()
    assert "u8s8-pairs: same label on" in caplog.text
    model = OnnxClassifier(report.path)
    assert not check_golden(model, model.spec).passed


def test_a_scheme_that_saturates_somewhere_needs_force(small_model, few, tmp_path):
    options = QuantizeOptions(small_model, few, tmp_path / "u8s8.onnx", threads=1, scheme="u8s8")
    with pytest.raises(ParityError, match=r"--scheme u8s8: saturates on x86 without VNNI"):
        quantize_model(options)
    assert quantize_model(replace(options, force=True)).path.exists()


def test_an_untrained_model_is_doubted(tmp_path, few, caplog):
    from onnx import numpy_helper

    from cnnkit.export.graph.graphs import load_graph

    path = save_small(tmp_path / "m.onnx", trained_graph())
    graph = load_graph(path)
    for tensor in graph.graph.initializer:
        values = numpy_helper.to_array(tensor)
        if values.ndim == 2:
            tensor.CopyFrom(numpy_helper.from_array(np.zeros_like(values), tensor.name))
    images = colour_images(40, seed=1)[0]
    jury = Jury.of_calibration(images, 16)
    flat = OnnxClassifier(save_small(tmp_path / "flat.onnx", graph))
    assert list(jury.doubts(images)) == []
    jury.judge(flat, flat)
    assert ["float32 answers" in doubt for doubt in jury.doubts(images)] == [True]


@pytest.mark.parametrize(("free", "said"), [(10 * 2**30, False), (2**29, True), (None, False)])
def test_memory_that_will_hardly_do_is_said_beforehand(small_model, few, monkeypatch, caplog, free, said):
    monkeypatch.setattr(beforehand, "free_memory", lambda: free)
    warn_beforehand(QuantizeOptions(small_model, few), read_spec_of(small_model), 2**20)
    assert ("of memory, 0.5 GiB are free" in caplog.text) is said


def test_calibration_of_one_class_is_said(small_model, few, caplog):
    label = sorted(few.iterdir())[0]
    one = few.parent / "one"
    (one / label.name).mkdir(parents=True)
    for path in label.iterdir():
        (one / label.name / path.name).write_bytes(path.read_bytes())
    for folder in (one, label):
        caplog.clear()
        warn_beforehand(QuantizeOptions(small_model, folder), SMALL_SPEC, 0)
        assert f"all calibration images are of {label.name!r}, one of {len(SMALL_SPEC.labels)} classes" in caplog.text
    caplog.clear()
    warn_beforehand(QuantizeOptions(small_model, few), SMALL_SPEC, 0)
    assert "all calibration images" not in caplog.text
