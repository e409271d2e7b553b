from __future__ import annotations

from pathlib import Path

import onnxruntime
import pytest

from cnnkit.bench.contenders import Contender
from cnnkit.bench.providers import check_providers, on_providers
from cnnkit.errors import UsageError
from cnnkit.spec import InputSpec, ModelSpec

SPEC = ModelSpec(("a", "b"), InputSpec(8, 8, 3))


@pytest.fixture
def _with_openvino(monkeypatch):
    there = ["OpenVINOExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)


@pytest.mark.usefixtures("_with_openvino")
@pytest.mark.parametrize(
    ("asked", "found"),
    [
        pytest.param(("cpu",), ("cpu",), id="default"),
        pytest.param(("CPU", "openvino"), ("cpu", "openvino"), id="two"),
        pytest.param(("openvino", "OpenVINO", "auto"), ("openvino", "auto"), id="one twice"),
    ],
)
def test_providers_that_are_there(asked, found):
    assert check_providers(asked) == found


def test_one_that_is_missing_is_left_out(monkeypatch, caplog):
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert check_providers(("openvino", "armnn", "cpu")) == ("cpu",)
    assert [line.split(" onnxruntime")[0] for line in caplog.messages] == [
        "provider 'openvino' is not in this",
        "provider 'armnn' is not in this",
    ]
    assert all(line.endswith(" (left out)") for line in caplog.messages)
    with pytest.raises(UsageError, match="provider 'openvino' is not in this onnxruntime"):
        check_providers(("openvino", "armnn"))
    with pytest.raises(UsageError, match="provider 'abacus' is not known"):
        check_providers(("cpu", "abacus"))


def test_each_model_on_each_provider():
    original = Contender("net function", "original-function", Path("net.keras"), SPEC, "keras")
    models = (Contender("net", "model", Path("net.onnx"), SPEC), Contender("net.int8", "model", Path("b.onnx"), SPEC))
    found = [(each.name, each.provider, each.path.name) for each in on_providers((original, *models), ("cpu", "cuda"))]
    assert found == [
        ("net function", "cpu", "net.keras"),
        ("net on cpu", "cpu", "net.onnx"),
        ("net on cuda", "cuda", "net.onnx"),
        ("net.int8 on cpu", "cpu", "b.onnx"),
        ("net.int8 on cuda", "cuda", "b.onnx"),
    ]
    alone = [(each.name, each.provider) for each in on_providers(models, ("cuda",))]
    assert alone == [("net", "cuda"), ("net.int8", "cuda")]
