"""Some 150 small models of other people's kinds: exported and equal, asked about, or refused by name."""

from __future__ import annotations

import numpy as np
import onnx
import pytest
from click.testing import CliRunner
from zoo_keras import EQUAL, KERAS
from zoo_onnx import ONNX, TAKEN

from cnnkit.cli import main
from cnnkit.errors import CnnkitError
from cnnkit.export import ExportOptions, StampOptions, export_model, stamp_model
from cnnkit.foreign import Said
from cnnkit.runtime import OnnxClassifier

QUICK_KERAS = (
    "inverted",
    "convnext",
    "own layer",
    "normalized from 0..1",
    "one hard sigmoid",
    "class that is not there",
)
QUICK_ONNX = (
    "opset 7",
    "opset 22",
    "argmax",
    "weights among the inputs",
    "one logit",
    "four channels",
    "a dictionary an image",
    "a function of its own",
    "whole numbers given",
    "noise",
    "normalization in training",
    "classes first",
    "one image of two, laid flat",
)
LARGEST = 600  # characters of a message


def some_quick(names, quick):
    assert set(quick) <= set(names)
    return [name if name in quick else pytest.param(name, marks=pytest.mark.slow) for name in names]


def saved(keras, case, folder):
    keras.utils.set_random_seed(1)
    model, path = case.make(keras), folder / f"net{case.suffix}"
    if case.loss is not None:
        model.compile(loss=case.loss(keras))
    if case.suffix:
        model.save(path)
    else:
        model.export(str(path), verbose=False)
    return path


def check_message(raised):
    message = str(raised.value)
    assert len(message) < LARGEST and "\n" not in message and "array(" not in message


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file", "ignore:Layer 'own'")
@pytest.mark.parametrize("name", some_quick(KERAS, QUICK_KERAS))
def test_keras(keras, tmp_path, name):
    case = KERAS[name]
    path = saved(keras, case, tmp_path)
    options = ExportOptions(
        path, tmp_path / "out.onnx", **{"labels": "ant,bee,cat", "input": case.flags, **case.options}
    )
    if case.expected != EQUAL:
        with pytest.raises(CnnkitError, match=case.expected) as raised:
            export_model(options)
        check_message(raised)
        assert not options.output.exists()
        return
    parity = export_model(options).parity
    assert parity.max_probability_difference < 1e-5
    assert parity.logit_difference < 1e-3


@pytest.mark.parametrize("name", some_quick(ONNX, QUICK_ONNX))
def test_onnx(tmp_path, name, monkeypatch):
    monkeypatch.delattr(onnx, "inliner", raising=False)  # as in a process that has not imported it
    case, path = ONNX[name], tmp_path / "net.onnx"
    path.write_bytes(case.make().SerializeToString())
    said = Said(**{"labels": "a,b,c", "input": case.flags, **case.said})
    if case.expected != TAKEN:
        with pytest.raises(CnnkitError, match=case.expected) as raised:
            stamp_model(StampOptions(path, path, said))
        check_message(raised)
        return
    images = np.random.default_rng(0).integers(0, 256, (6, 8, 8, 3), dtype=np.uint8)
    before = None if name == "argmax" else OnnxClassifier(path, said=said).probabilities(images)
    spec = stamp_model(StampOptions(path, path, said)).spec
    answers = OnnxClassifier(path).probabilities(images)
    assert answers.shape == (6, len(spec.labels)) and ((answers >= 0) & (answers <= 1)).all()
    if not spec.independent:
        assert answers.sum(axis=1) == pytest.approx(np.ones(6), abs=2e-3)
    if before is not None:
        np.testing.assert_allclose(answers, before, atol=1e-3 if name == "float16" else 1e-6)
    assert CliRunner().invoke(main, ["verify", str(path)]).exit_code == 0


def test_there_are_enough():
    assert len(KERAS) + len(ONNX) >= 120
