from __future__ import annotations

from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest
from onnx import TensorProto, numpy_helper
from small_cnn import SMALL_SPEC
from small_keras import exported

from cnnkit.errors import DataError, SourceError, UsageError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.finetuning import finetuning
from cnnkit.export.finetuning.finetuning import batch_size, finetune, usual_steps
from cnnkit.export.finetuning.network import trainable_network, write_into
from cnnkit.export.graph.graphs import constants, load_graph, save_with_spec
from cnnkit.export.quantization import further
from cnnkit.export.quantization.candidates import Workshop
from cnnkit.export.quantization.choosing import is_faster
from cnnkit.export.quantization.saturation import saturating_layers
from cnnkit.export.quantization.schemes import SCHEMES
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.sources.calibration_images import calibration_paths, read_calibration
from cnnkit.sources.class_folders import list_images, read_images
from cnnkit.system.files import sha256

BY_NAME = {scheme.name: scheme for scheme in SCHEMES}
SAFE = BY_NAME["u8s8-7bit"]


@pytest.fixture(scope="module")
def spec(small_model):
    return read_spec_of(small_model)


@pytest.fixture(scope="module")
def images(colours, spec):
    return read_images(list_images(colours), spec.input)[0]


@pytest.fixture(scope="module")
def workshop(small_model, colours, spec, tmp_path_factory):
    calibration = read_calibration(colours, 48, spec.input, 0)
    return Workshop(small_model, spec, calibration.images, "any", tmp_path_factory.mktemp("workshop"))


def answers(graph, spec, folder, images):
    save_with_spec(graph, spec, folder / "tried.onnx")
    return OnnxClassifier(folder / "tried.onnx", precise_x64=True).probabilities(images)


@pytest.mark.parametrize("name", ["u8s8-pairs", "u8s8-7bit", "u8s8-7bit-tensor", "u8s8", "u8u8", "s8s8"])
def test_the_network_computes_as_the_integers_do(keras, workshop, spec, images, tmp_path, name):
    graph, quantizer = workshop.quantized(BY_NAME[name])
    network = trainable_network(graph, quantizer.prepared, BY_NAME[name].bits)
    played = np.asarray(network(images.astype(np.float32)))
    np.testing.assert_allclose(played, answers(graph, spec, tmp_path, images), atol=0.02)
    assert len(network.trainable_variables) >= 4


@pytest.mark.parametrize("name", ["u8s8-pairs", "u8s8-7bit", "u8u8", "s8s8"])
def test_what_was_not_trained_is_written_back_unchanged(keras, workshop, images, name):
    graph, quantizer = workshop.quantized(BY_NAME[name])
    before = constants(graph)
    network = trainable_network(graph, quantizer.prepared, BY_NAME[name].bits)
    network(images[:1].astype(np.float32))
    write_into(graph, network, BY_NAME[name].bits)
    for tensor, value in constants(graph).items():
        # A weight may lie between two integers; a bias has many to lie between.
        assert np.abs(value.astype(np.float64) - before[tensor]).max() <= 1, tensor


def test_it_comes_closer_to_the_teacher(keras, small_model, workshop, spec, images, colours, tmp_path):
    graph, quantizer = workshop.quantized(SAFE)
    for tensor in graph.graph.initializer:  # far coarser activations than calibration would choose
        if tensor.name.endswith("_scale") and not tensor.dims and tensor.name != "image.scale":
            tensor.CopyFrom(numpy_helper.from_array(numpy_helper.to_array(tensor) * np.float32(12), tensor.name))
    teacher = OnnxClassifier(small_model)
    expected = teacher.probabilities(images)
    before = np.abs(answers(graph, spec, tmp_path, images) - expected).mean()
    paths = tuple(calibration_paths(colours))
    finetune(graph, quantizer.prepared, 7, teacher, paths, frozenset(), steps=200, seed=0)
    after = np.abs(answers(graph, spec, tmp_path, images) - expected).mean()
    assert after < 0.7 * before


def test_images_to_measure_on_are_not_learnt_from(keras, small_model, workshop, colours):
    graph, quantizer = workshop.quantized(SAFE)
    paths = tuple(calibration_paths(colours))
    every = frozenset(map(sha256, paths))
    with pytest.raises(DataError, match="--finetune holds no image that can be read and is not measured on"):
        finetune(graph, quantizer.prepared, 7, OnnxClassifier(small_model), paths, every, steps=2, seed=0)


def test_images_that_cannot_be_learnt_from_are_said_once(keras, small_model, workshop, colours, tmp_path, caplog):
    graph, quantizer = workshop.quantized(SAFE)
    (tmp_path / "broken.png").write_bytes(b"no image")
    paths = (*list(calibration_paths(colours))[:3], tmp_path / "broken.png")
    finetune(graph, quantizer.prepared, 7, OnnxClassifier(small_model), paths, frozenset(), steps=4, seed=0)
    said = [record.getMessage() for record in caplog.records if "broken.png" in record.getMessage()]
    assert len(said) == 1
    assert said[0].endswith("(left out)")


@pytest.mark.parametrize(
    ("side", "batch", "steps"),
    [(32, 64, 800), (64, 64, 800), (96, 28, 350), (128, 16, 200), (224, 8, 100), (600, 8, 100)],
)
def test_large_images_are_learnt_from_in_small_batches(side, batch, steps):
    taken = replace(SMALL_SPEC.input, height=side, width=side)
    assert batch_size(taken) == batch
    assert usual_steps(batch) == steps


def test_it_ends_within_the_time_that_it_may_take(keras, small_model, workshop, colours, monkeypatch, caplog):
    """Each step takes two seconds here: after the four that tell so, eleven fit into what is left of 30."""
    caplog.set_level("INFO", logger="cnnkit")
    graph, quantizer = workshop.quantized(SAFE)
    now, shapes = [0.0], []
    real = keras.Model.train_on_batch

    def slow(self, x, y):
        now[0] += 2
        shapes.append(x.shape)
        return real(self, x, y)

    monkeypatch.setattr(keras.Model, "train_on_batch", slow)
    monkeypatch.setattr(finetuning, "time", SimpleNamespace(perf_counter=lambda: now[0]))
    arguments = (graph, quantizer.prepared, 7, OnnxClassifier(small_model), tuple(calibration_paths(colours)))
    steps = finetune(*arguments, frozenset(), steps=None, seed=0, seconds=30)
    assert steps == len(shapes) == 4 + 11
    assert "fine-tuning takes about 22 s: 15 steps of 64 images" in caplog.text
    assert set(shapes) == {(64, 16, 16, 3)}  # of 120 images: another size would be compiled anew


def test_quantize_measures_the_finetuned_candidate(small_model, colours, tmp_path):
    options = QuantizeOptions(
        small_model, colours, tmp_path / "out.onnx", calibration_size=48, threads=1, finetune=colours, finetune_steps=3,
        min_agreement=0.5, max_drop=1.0,
    )  # fmt: skip
    report = quantize_model(options)
    tuned = [one for one in report.measured if one.candidate.name.endswith("-finetuned")]
    able = [one for one in report.measured if further._can_be_finetuned(one) and not one.candidate.refused]
    assert len(tuned) == any(map(is_faster, able))
    for one in tuned:
        assert "fine-tuned for 3 steps" in one.candidate.description
        assert one.effect.images > 0


def test_the_keras_model_may_teach(keras, run_folder, colours, tmp_path, monkeypatch):
    taught = []

    def spy(graph, prepared, bits, teacher, *rest, **options):
        taught.append(type(teacher).__name__)
        return finetune(graph, prepared, bits, teacher, *rest, **options)

    monkeypatch.setattr(further, "finetune", spy)
    monkeypatch.setattr(further, "is_faster", lambda one: one.candidate.scheme is not None)
    model = exported(run_folder, tmp_path, labels=None).path
    options = QuantizeOptions(
        model, colours, tmp_path / "int8.onnx", calibration_size=48, finetune=colours, finetune_steps=2,
        original=run_folder, min_agreement=0.0,
    )  # fmt: skip
    names = [one.candidate.name for one in quantize_model(options).measured]
    assert taught == ["Original"]
    assert names[-1].endswith("-finetuned")


def test_a_scheme_that_is_asked_for_is_finetuned(keras, small_model, colours, tmp_path):
    options = QuantizeOptions(
        small_model, colours, tmp_path / "out.onnx", calibration_size=48, scheme="s8s8", finetune=colours,
        finetune_steps=2, force=True,
    )  # fmt: skip
    report = quantize_model(options)
    assert report.decision.chosen.candidate.name == "s8s8-finetuned"
    assert report.decision.reason.startswith("s8s8-finetuned was asked for")
    assert report.decision.against == {"float32": "not asked for", "s8s8": "not asked for"}


@pytest.mark.parametrize("scheme", ["float16", "u8s8-7bit-qoperator", "u8s8-7bit-equalized"])
def test_schemes_that_cannot_be_finetuned(keras, small_model, colours, tmp_path, scheme):
    options = QuantizeOptions(
        small_model, colours, tmp_path / "x.onnx", calibration_size=48, scheme=scheme, finetune=colours
    )
    with pytest.raises(UsageError, match=f"--scheme {scheme} cannot be fine-tuned, expected one such as u8s8-pairs"):
        quantize_model(options)


def test_what_could_not_saturate_cannot_when_it_is_trained(keras, small_model, colours, tmp_path, monkeypatch):
    def widened(graph, *_arguments, **_options):
        for tensor in graph.graph.initializer:
            if tensor.data_type == TensorProto.INT8 and len(tensor.dims) == 4:
                full = np.full(tuple(tensor.dims), 120, np.int8)
                tensor.CopyFrom(numpy_helper.from_array(full, tensor.name))

    monkeypatch.setattr(further, "finetune", widened)
    made = {}
    for scheme in ("u8s8-pairs", "s8s8"):
        options = QuantizeOptions(
            small_model, colours, tmp_path / f"{scheme}.onnx", calibration_size=48, scheme=scheme, finetune=colours,
            force=True,
        )  # fmt: skip
        made[scheme] = saturating_layers(load_graph(quantize_model(options).path))
    assert made["u8s8-pairs"] == () and len(made["s8s8"]) == 4


def test_finetuning_needs_images_to_measure_on(small_model, colours, tmp_path):
    options = QuantizeOptions(small_model, colours, tmp_path / "x.onnx", calibration_size=120, finetune=colours)
    few = replace(options, calibration=next(path for path in colours.iterdir() if path.is_dir()), calibration_size=40)
    with pytest.raises(UsageError, match="--finetune needs images to measure what it brings"):
        quantize_model(few)


@pytest.mark.parametrize("name", ["missing", "empty"])
def test_nothing_to_learn_from(small_model, colours, tmp_path, name):
    (tmp_path / "empty").mkdir()
    options = QuantizeOptions(small_model, colours, tmp_path / "out.onnx", finetune=tmp_path / name)
    with pytest.raises(SourceError, match=f"--finetune .*{name}"):
        quantize_model(options)
    assert not (tmp_path / "out.onnx").exists()
