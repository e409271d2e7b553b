from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from onnx import TensorProto, helper, numpy_helper
from small_cnn import SMALL_SPEC
from small_keras import exported

from cnnkit.errors import DataError, ModelError, SourceError, UsageError
from cnnkit.export import QuantizeOptions, quantize_model
from cnnkit.export.finetuning.finetuning import batch_size, finetune, usual_steps
from cnnkit.export.finetuning.network import trainable_network, write_into
from cnnkit.export.finetuning.operators import operator
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
IMAGE = (2, 3, 7, 6)


# Operator, shapes of its inputs, attributes; a list of numbers is a constant input.
OPERATORS = [
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3), (4,)], {"pads": [1, 0, 1, 2], "strides": [2, 1]}, id="conv"),
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3)], {"auto_pad": "SAME_UPPER", "strides": [2, 2]}, id="conv same upper"),
    pytest.param("Conv", [IMAGE, (4, 3, 2, 2)], {"auto_pad": "SAME_LOWER"}, id="conv same lower"),
    pytest.param("Conv", [IMAGE, (4, 3, 3, 3)], {"dilations": [2, 2]}, id="conv dilated"),
    pytest.param("Conv", [IMAGE, (3, 1, 3, 3), (3,)], {"group": 3, "strides": [2, 2]}, id="depthwise"),
    pytest.param("Conv", [(2, 4, 7, 6), (6, 2, 3, 3)], {"group": 2}, id="grouped"),
    pytest.param("Gemm", [(2, 5), (4, 5), (4,)], {"transB": 1, "alpha": 0.5, "beta": 2.0}, id="gemm"),
    pytest.param("MatMul", [(2, 5), (5, 4)], {}, id="matmul"),
    pytest.param("MaxPool", [IMAGE], {"kernel_shape": [3, 2], "strides": [2, 2], "pads": [1, 1, 1, 0]}, id="max pool"),
    pytest.param("AveragePool", [IMAGE], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1]}, id="average pool"),
    pytest.param(
        "AveragePool", [IMAGE], {"kernel_shape": [3, 3], "pads": [1, 1, 1, 1], "count_include_pad": 1}, id="with pads",
    ),
    pytest.param("GlobalAveragePool", [IMAGE], {}, id="global average"),
    pytest.param("ReduceMean", [IMAGE], {"axes": [2, 3], "keepdims": 0}, id="mean"),
    pytest.param("Reshape", [IMAGE, [-1, 126]], {}, id="reshape"),
    pytest.param("Reshape", [IMAGE, [0, 3, 42]], {}, id="reshape with zero"),
    pytest.param("Flatten", [IMAGE], {}, id="flatten"),
    pytest.param("Squeeze", [(2, 3, 1, 1), [2, 3]], {}, id="squeeze"),
    pytest.param("Transpose", [IMAGE], {"perm": [0, 2, 3, 1]}, id="transpose"),
    pytest.param("Concat", [IMAGE, IMAGE], {"axis": 1}, id="concat"),
    pytest.param("Pad", [IMAGE, [0, 0, 1, 0, 0, 0, 2, 1]], {}, id="pad"),
    pytest.param("Softmax", [(2, 5)], {"axis": -1}, id="softmax"),
    pytest.param("LeakyRelu", [IMAGE], {"alpha": 0.3}, id="leaky"),
    *(pytest.param(name, [IMAGE], {}, id=name.lower()) for name in
      ("Relu", "Sigmoid", "HardSigmoid", "HardSwish", "Tanh", "Elu", "Erf", "Neg", "Softplus", "Identity")),
    *(pytest.param(name, [IMAGE, (1, 3, 1, 1)], {}, id=name.lower()) for name in ("Add", "Sub", "Mul", "Div")),
    *(pytest.param(name, [(2, 4, 4, 4), (1, 4, 1, 1)], {}, id=f"{name.lower()} square") for name in ("Add", "Mul")),
]  # fmt: skip


def drawn(shape, rng):
    return np.array(shape, np.int64) if isinstance(shape, list) else rng.normal(size=shape).astype(np.float32)


@pytest.mark.parametrize(("name", "shapes", "attributes"), OPERATORS)
def test_operators_compute_what_onnxruntime_does(keras, name, shapes, attributes):
    import onnxruntime

    rng = np.random.default_rng(3)
    inputs = [drawn(shape, rng) for shape in shapes]
    names = [f"x{index}" for index in range(len(inputs))]
    node = helper.make_node(name, names, ["y"], **attributes)
    fixed = [numpy_helper.from_array(value, one) for value, one in list(zip(inputs, names, strict=True))[1:]]
    image = helper.make_tensor_value_info("x0", TensorProto.FLOAT, inputs[0].shape)
    output = helper.make_tensor_value_info("y", TensorProto.FLOAT, None)
    model = helper.make_model(
        helper.make_graph([node], "one", [image], [output], fixed),
        opset_imports=[helper.make_opsetid("", 17)],
        ir_version=8,
    )
    expected = onnxruntime.InferenceSession(model.SerializeToString()).run(None, {"x0": inputs[0]})[0]
    inputs[0] = keras.ops.convert_to_tensor(inputs[0])
    found = {one.name: helper.get_attribute_value(one) for one in node.attribute}
    np.testing.assert_allclose(np.asarray(operator(name)(inputs, found)), expected, atol=2e-5)


@pytest.mark.parametrize(("limits", "expected"), [([-1.0, 2.0], [-1, 0, 2]), ([None, 2.0], [-3, 0, 2])])
def test_clip(keras, limits, expected):
    assert np.asarray(operator("Clip")([np.float32([-3, 0, 3]), *limits], {})).tolist() == expected


def test_an_unknown_operator():
    with pytest.raises(ModelError, match="the graph computes LSTM, through which fine-tuning knows no gradient"):
        operator("LSTM")


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
