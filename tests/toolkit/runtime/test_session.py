from __future__ import annotations

import os
import re
import sys
import time

import pytest
from tiny_models import build_tiny_onnx

from cnnkit.errors import CnnkitError, ModelError, UsageError
from cnnkit.runtime.session import import_onnxruntime, open_session, short_reason, used_provider

GOOD = build_tiny_onnx()


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(b"", "{path} is empty, expected an ONNX model: copy or export it again", id="empty"),
        pytest.param(
            b"hello world\n",
            "{path} is no ONNX model, or is damaged (a field has the unknown wire type 4): copy or export it again",
            id="text",
        ),
        pytest.param(
            GOOD[: len(GOOD) // 2],
            "{path} is no ONNX model, or is damaged (the data ends N bytes too early): copy or export it again",
            id="truncated",
        ),
        pytest.param(
            b"\x08\x08",
            "{path} is no ONNX model, or is damaged (it cannot be parsed): copy or export it again",
            id="no graph",
        ),
        pytest.param(
            b"location \xff\xff",
            "{path} is no ONNX model, or is damaged (a field has the unknown wire type 4): copy or export it again",
            id="garbage with a location",
        ),
    ],
)
def test_file_that_is_no_onnx(tmp_path, data, message):
    path = tmp_path / "bad.onnx"
    path.write_bytes(data)
    with pytest.raises(ModelError) as caught:
        open_session(path)
    assert re.sub(r"\d+ bytes", "N bytes", str(caught.value)) == message.format(path=path)


def test_missing_file(tmp_path):
    with pytest.raises(ModelError, match=r"there is no model file .*gone\.onnx: check the path"):
        open_session(tmp_path / "gone.onnx")


def test_folder(tmp_path):
    with pytest.raises(ModelError, match=r"is a folder, expected an \.onnx file: cnnkit export"):
        open_session(tmp_path)


def test_keras_file(tmp_path):
    (tmp_path / "model.keras").write_bytes(b"PK")
    with pytest.raises(ModelError, match=r"is a Keras file, expected an \.onnx file: cnnkit export"):
        open_session(tmp_path / "model.keras")


def test_path_below_a_file(tmp_path):
    (tmp_path / "file").write_bytes(b"x")
    with pytest.raises(ModelError, match="cannot be read: Not a directory"):
        open_session(tmp_path / "file" / "model.onnx")


def test_opset_of_the_future(make_model):
    with pytest.raises(ModelError, match=r"^onnxruntime \S+ cannot load .*\.onnx: ") as caught:
        open_session(make_model(opset=99))
    assert "\n" not in str(caught.value)
    assert len(str(caught.value)) < 500


def test_onnxruntime_is_quiet(make_model, capfd):
    with pytest.raises(ModelError):
        open_session(make_model(opset=99))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("kind", ["parent", "absolute", "link"])
def test_weights_outside_the_folder_are_refused(tmp_path, kind):
    secret = tmp_path / "secret.bin"
    secret.write_bytes(bytes(12))
    folder = tmp_path / "model"
    folder.mkdir()
    (folder / "link.bin").symlink_to(secret)
    location = {"parent": "../secret.bin", "absolute": str(secret), "link": "link.bin"}[kind]
    path = folder / "model.onnx"
    path.write_bytes(build_tiny_onnx(external=location))
    with pytest.raises(ModelError) as caught:
        open_session(path)
    assert str(caught.value) == f"{path} reads its weights from {location!r}, outside its own folder: that is refused"


def test_onnxruntime_refuses_weights_outside_the_folder_itself(tmp_path):
    """The check above is for older versions of onnxruntime, which do not."""
    import onnxruntime
    from packaging.version import Version

    if Version(onnxruntime.__version__) < Version("1.24"):
        pytest.skip("older versions read them")
    (tmp_path / "model").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(12))
    path = tmp_path / "model" / "model.onnx"
    path.write_bytes(build_tiny_onnx(external="../secret.bin"))
    options = onnxruntime.SessionOptions()
    options.log_severity_level = 4
    with pytest.raises(Exception, match="External data path"):
        onnxruntime.InferenceSession(os.fspath(path), options, providers=["CPUExecutionProvider"])


def test_weights_beside_the_model_are_read(tmp_path):
    import numpy as np

    (tmp_path / "weights.bin").write_bytes(np.full(3, 1.0, np.float32).tobytes())
    path = tmp_path / "model.onnx"
    path.write_bytes(build_tiny_onnx(external="weights.bin", output="logits"))
    session = open_session(path)
    assert session.run(None, {"image": np.full((1, 8, 8, 3), 7, np.uint8)})[0].tolist() == [[7, 7, 7]]


def test_onnxruntime_that_is_missing(make_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    with pytest.raises(CnnkitError, match=r"^ONNX Runtime [\d.]+ is installed .*: pip install --force-reinstall onnx"):
        open_session(make_model())


@pytest.mark.parametrize("chosen", [None, "0"], ids=["default", "the user's choice"])
def test_telemetry_is_off_unless_chosen(monkeypatch, chosen):
    if chosen is None:
        monkeypatch.delenv("ORT_DISABLE_TELEMETRY", raising=False)
    else:
        monkeypatch.setenv("ORT_DISABLE_TELEMETRY", chosen)
    import_onnxruntime()
    assert os.environ["ORT_DISABLE_TELEMETRY"] == (chosen or "1")


@pytest.mark.parametrize(
    ("provider", "why"),
    [
        pytest.param("gpu", "is not known", id="unknown"),
        pytest.param("armnn", "is not in this onnxruntime", id="not built in"),
    ],
)
def test_provider_that_is_not_there(make_model, provider, why):
    with pytest.raises(UsageError) as caught:
        open_session(make_model(), provider=provider)
    assert str(caught.value).startswith(
        f"provider {provider!r} {why}, expected auto or one of those available here: cpu"
    )


def test_silent_fallback_to_the_cpu_is_an_error(make_model, monkeypatch):
    import onnxruntime

    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    with pytest.warns(UserWarning, match="CUDAExecutionProvider"), pytest.raises(ModelError) as caught:
        open_session(make_model(), provider="CUDA")
    assert str(caught.value) == (
        "provider CUDA cannot start on this machine (onnxruntime took CPUExecutionProvider): "
        "check its drivers and libraries, or use --provider cpu"
    )


def test_a_provider_that_cannot_run_a_file_names_the_cause(make_model, monkeypatch):
    import onnxruntime

    def failing(*_, **__):
        raise RuntimeError(
            "[ONNXRuntimeError] : 1 : FAIL : /a/core.cc:28 void f()\nException from b.cpp:1:\nno device\n"
        )

    there = ["OpenVINOExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", failing)
    with pytest.raises(ModelError) as caught:
        open_session(path := make_model(), provider="openvino")
    assert str(caught.value) == f"provider openvino cannot run {path} here (no device): use --provider cpu"


@pytest.mark.parametrize(("threads", "told"), [(None, {}), (2, {"num_of_threads": "2"})])
def test_openvino_is_told_how_many_threads(make_model, monkeypatch, threads, told):
    import onnxruntime

    heard = {}

    def asked(*_, providers, provider_options, **__):
        heard.update(zip(providers, provider_options, strict=True))
        raise RuntimeError("enough")

    there = ["OpenVINOExecutionProvider", "CPUExecutionProvider"]
    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: there)
    monkeypatch.setattr(onnxruntime, "InferenceSession", asked)
    with pytest.raises(ModelError, match="enough"):
        open_session(make_model(), provider="openvino", threads=threads)
    assert heard == {"OpenVINOExecutionProvider": told, "CPUExecutionProvider": {}}


def test_auto_takes_what_starts_and_says_what_did_not(make_model, monkeypatch, caplog):
    import onnxruntime

    monkeypatch.setattr(onnxruntime, "get_available_providers", lambda: ["CPUExecutionProvider"])
    assert used_provider(open_session(make_model(), provider="auto")) == "cpu"
    assert caplog.messages == []
    monkeypatch.setattr(
        onnxruntime, "get_available_providers", lambda: ["CUDAExecutionProvider", "CPUExecutionProvider"]
    )
    with pytest.warns(UserWarning, match="CUDAExecutionProvider"):
        assert used_provider(open_session(make_model(), provider="Auto")) == "cpu"
    assert [message.split(" (")[0] for message in caplog.messages] == ["provider cuda cannot start on this machine"]


@pytest.mark.parametrize(("threads", "expected"), [(None, 0), (0, 0), (1, 1), (3, 3)])
def test_session_options(make_model, threads, expected):
    options = open_session(make_model(), threads=threads).get_session_options()
    assert options.intra_op_num_threads == expected
    assert options.graph_optimization_level.name == "ORT_ENABLE_ALL"


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("[ONNXRuntimeError] : 1 : FAIL : Load\n failed: x : y", "Load failed: x : y", id="code"),
        pytest.param("plain", "plain", id="plain"),
        pytest.param("x" * 300, "x" * 240 + "...", id="long"),
        pytest.param(
            "[ONNXRuntimeError] : 1 : FAIL : std::bad_alloc",
            "there is too little memory, close other programs",
            id="memory",
        ),
        pytest.param(
            "/onnxruntime_src/onnxruntime/core/graph/model.cc:245 onnxruntime::Model::Model(onnx::ModelProto&&, const "
            "onnxruntime::PathString&, const onnxruntime::ModelOptions&) Missing opset in the model.",
            "Missing opset in the model.", id="a place with its arguments",
        ),
        pytest.param(
            "Error: tensorprotoutils.cc:619 ValidateExternalDataPathFromDir External data path does not exist",
            "Error: External data path does not exist", id="a place",
        ),
    ],
)  # fmt: skip
def test_short_reason(text, expected):
    assert short_reason(text) == expected


@pytest.mark.parametrize("part", ["x", "onnxruntime", "onnxruntime.cc:1 ", "a.cc:1 (", "onnxruntime/a.h:1 b("])
def test_a_reason_that_holds_megabytes_of_a_file_is_cut_at_once(part):
    started = time.perf_counter()
    assert len(short_reason(part * (10_000_000 // len(part)))) <= 250
    assert time.perf_counter() - started < 5


@pytest.mark.parametrize(("processors", "most"), [(1, 8), (2, 8), (16, 64), (None, 8)])
def test_more_threads_than_a_machine_has_use_for_are_refused(tiny_model, monkeypatch, processors, most):
    monkeypatch.setattr("os.cpu_count", lambda: processors)
    with pytest.raises(UsageError, match=rf"^threads is {most + 1}, .*: expected {most} at most$"):
        open_session(tiny_model, threads=most + 1)
    assert open_session(tiny_model, threads=8).get_inputs()
