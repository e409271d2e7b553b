from __future__ import annotations

from dataclasses import replace

import pytest
from tiny_models import TINY_SPEC

import cnnkit.system.extras
from cnnkit.bench.contenders import check_names, make_contenders
from cnnkit.bench.options import BenchOptions
from cnnkit.errors import MissingExtraError, ModelError, SpecError, UsageError
from cnnkit.runtime.run_folder import original_input
from cnnkit.spec import InputSpec, Provenance
from cnnkit.system.files import sha256

FLOAT_INPUT = InputSpec(8, 8, 3, layout="nchw", dtype="float32", scale=0.5, mean=(1.0,) * 3, std=(2.0,) * 3)
NOT_ITS_ORIGINAL = "tiny.onnx was not exported from net.keras: its spec names another Keras file"
OTHER_LABELS = replace(TINY_SPEC, labels=("a", "b", "c"))


@pytest.fixture
def original(tmp_path):
    path = tmp_path / "net.keras"
    path.write_bytes(b"weights")
    return path


def with_provenance(**fields):
    return replace(TINY_SPEC, provenance=Provenance("1.0", **fields))


def test_names_are_unique_and_the_original_comes_first(make_model, original, tmp_path):
    (tmp_path / "other").mkdir()
    models = (make_model("net.int8.onnx"), make_model("other/net.int8.onnx"))
    contenders = make_contenders(BenchOptions(models, original))
    some = make_contenders(BenchOptions(models, original, original_calls=("xla", "predict")))
    assert [contender.kind for contender in some[:2]] == ["original-predict", "original-xla"]
    assert [(contender.name, contender.kind) for contender in contenders] == [
        ("net predict", "original-predict"),
        ("net predict_on_batch", "original-batch"),
        ("net function", "original-function"),
        ("net function XLA", "original-xla"),
        (f"{tmp_path.name}/net.int8", "model"),
        ("other/net.int8", "model"),
    ]


def test_names_that_are_alike_all_the_same(make_model, tmp_path):
    for folder in ("x/m", "y/m"):
        (tmp_path / folder).mkdir(parents=True)
    models = (make_model("x/m/a.onnx"), make_model("y/m/a.onnx"))
    names = [contender.name for contender in make_contenders(BenchOptions(models))]
    assert names == ["m/a (1)", "m/a (2)"]
    twice = make_contenders(BenchOptions((models[0],))) * 2
    with pytest.raises(UsageError, match="two contenders are called 'a': rename one of the files"):
        check_names(twice)


@pytest.mark.parametrize(
    ("spec", "expected"),
    [
        pytest.param(with_provenance(original_input=FLOAT_INPUT), FLOAT_INPUT, id="as export wrote it down"),
        pytest.param(replace(TINY_SPEC, input=FLOAT_INPUT), FLOAT_INPUT, id="a float model takes the same"),
        pytest.param(TINY_SPEC, InputSpec(8, 8, 3, dtype="float32"), id="raw pixels"),
    ],
)
def test_what_the_original_takes(spec, expected):
    assert original_input(spec) == expected


@pytest.mark.parametrize(
    ("digest", "warnings"),
    [
        pytest.param(None, [], id="unknown"),
        pytest.param("its own", [], id="the same file"),
        pytest.param(
            "0" * 64,
            [NOT_ITS_ORIGINAL],
            id="another file",
        ),
    ],
)
def test_another_original_is_warned_about(make_model, original, caplog, digest, warnings):
    known = sha256(original) if digest == "its own" else digest
    make_contenders(BenchOptions((make_model(spec=with_provenance(keras_sha256=known)),), original))
    assert caplog.messages == warnings


def test_different_labels_may_be_timed_but_not_compared(make_model, tmp_path):
    models = (make_model("a.onnx"), make_model("b.onnx", spec=OTHER_LABELS))
    assert len(make_contenders(BenchOptions(models))) == 2
    with pytest.raises(ModelError, match="have different labels"):
        make_contenders(BenchOptions(models, data=tmp_path))


def test_model_without_spec(make_model):
    with pytest.raises(SpecError, match="carries no model spec"):
        make_contenders(BenchOptions((make_model(spec=None),)))


def test_missing_original(make_model, tmp_path):
    with pytest.raises(ModelError, match="no such file, expected the Keras model that was exported"):
        make_contenders(BenchOptions((make_model(),), tmp_path / "none.keras"))


def test_original_without_keras_names_the_extra(make_model, original, monkeypatch):
    monkeypatch.setattr(cnnkit.system.extras, "find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match=r"cnnkit bench --original needs keras.*'cnnkit\[train\]'"):
        make_contenders(BenchOptions((make_model(),), original))


def test_names_can_be_printed(make_model):
    assert [each.name for each in make_contenders(BenchOptions((make_model("a\x1b[31m.onnx"),)))] == ["a\\x1b[31m"]
