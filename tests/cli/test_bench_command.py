from __future__ import annotations

import json
from dataclasses import replace

import pytest
from click.testing import CliRunner
from tiny_keras import save_tiny_keras
from tiny_models import TINY_SPEC

import cnnkit.system.extras
from cnnkit.cli import main
from cnnkit.errors import OutputError
from cnnkit.spec import InputSpec, Provenance
from cnnkit.system.files import sha256


def bench(*arguments: object):
    return CliRunner().invoke(main, ["bench", "--no-cold-start", *map(str, arguments)])


@pytest.fixture
def data(make_image, tmp_path):
    """Two images of each class."""
    for color in TINY_SPEC.labels:
        for number in range(2):
            make_image(f"data/test/{color}/{number}.png", color)
    return tmp_path / "data"


def test_one_model(tiny_model):
    result = bench("--model", tiny_model, "--runs", 64, "--batch-size", 8, "--threads", 1, "--format", "json")
    assert result.exit_code == 0, result.stderr
    report = json.loads(result.stdout)
    (contender,) = report["contenders"]
    assert (contender["name"], contender["kind"], contender["threads"]) == ("tiny", "model", 1)
    latency = contender["latency_ms"]
    assert (latency["n"], latency["p99"]) == (64, None)
    assert 0 < latency["p50"] <= latency["p90"]
    assert contender["size_bytes"] == tiny_model.stat().st_size
    assert contender["images_per_s"] > 0
    assert contender["accuracy"] is None
    assert len(report["raw"]["tiny"]["latency_ms"]) == 64
    assert str(tiny_model.parent) not in result.stdout


def test_the_bundled_model_is_the_default(models_folder, tiny_model):
    tiny_model.rename(models_folder / "resnet8.int8.onnx")
    result = bench("--runs", 11, "--batch-size", 2)
    assert result.exit_code == 0, result.stderr
    assert "\nresnet8.int8  float32 " in result.stdout
    assert result.stderr.splitlines()[0] == "loading resnet8.int8"


@pytest.mark.slow  # two processes load TensorFlow
def test_with_the_original_and_data(tmp_path, data, make_model):
    original = save_tiny_keras(tmp_path / "net.keras")
    provenance = Provenance("1.0", keras_sha256=sha256(original), original_input=InputSpec(8, 8, 3, dtype="float32"))
    model = make_model("net.onnx", spec=replace(TINY_SPEC, provenance=provenance))
    output = tmp_path / "bench.json"
    result = bench(
        "--model", model, "--original", original, "--data", data, "--runs", 12, "--batch-size", 2,
        "--format", "json", "--output", output,
    )  # fmt: skip
    assert (result.exit_code, result.stdout) == (0, ""), result.stderr
    assert "not exported from" not in result.stderr
    report = json.loads(output.read_text(encoding="utf-8"))
    contenders = {contender["name"]: contender for contender in report["contenders"]}
    assert {name: contender["kind"] for name, contender in contenders.items()} == {
        "net predict": "original-predict",
        "net predict_on_batch": "original-batch",
        "net function": "original-function",
        "net function XLA": "original-xla",
        "net": "model",
    }
    assert [contender["accuracy"]["top1"] for contender in contenders.values()] == [1.0] * 5
    assert contenders["net"]["accuracy"]["n"] == 6
    assert contenders["net"]["agreement_with_original"] == 1.0
    assert contenders["net function"]["peak_memory_bytes"] > contenders["net"]["peak_memory_bytes"]
    assert [(ratio["numerator"], ratio["denominator"]) for ratio in report["ratios"]] == [
        ("net predict", "net"),
        ("net predict_on_batch", "net"),
        ("net function", "net"),
        ("net function XLA", "net"),
    ]
    assert all(ratio["low"] <= ratio["ratio"] <= ratio["high"] for ratio in report["ratios"])


def test_original_without_keras(tiny_model, monkeypatch):
    monkeypatch.setattr(cnnkit.system.extras, "find_spec", lambda name: None)
    result = bench("--model", tiny_model, "--original", "net.keras")
    assert result.exit_code == 1
    assert result.stderr == (
        "cnnkit: error: cnnkit bench --original needs keras, which is not installed: pip install 'cnnkit[train]'\n"
    )


@pytest.mark.parametrize("name", ["litert", "openvino"])
def test_a_runtime_that_is_not_installed_names_its_extra(tiny_model, monkeypatch, name):
    monkeypatch.setattr(cnnkit.system.extras, "find_spec", lambda module: None)
    result = bench("--model", tiny_model, "--runtime", name)
    assert (result.exit_code, result.stderr.count("\n")) == (1, 1)
    assert f"cnnkit bench --runtime {name} needs " in result.stderr and f"'cnnkit[{name}]'" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        pytest.param(("--data", "{folder}/photos"), 1, "purple is none of the model's classes", id="classes"),
        pytest.param(
            ("--data", "{folder}/none"), 1, "none: no such folder, expected a folder of class folders", id="data"
        ),
        pytest.param(("--output", "{folder}/none/bench.json"), 1, "none does not exist", id="output"),
        pytest.param(("--output", "{folder}"), 1, "it is a folder, expected the name of a file", id="output a folder"),
        pytest.param(("--model", "{folder}/none.onnx"), 1, "none.onnx", id="model"),
        pytest.param(("--provider", "abacus"), 2, "provider 'abacus' is not known", id="provider"),
        pytest.param(("--runs", "0"), 2, "0 is not in the range x>=1", id="runs"),
        pytest.param(("--fps", "nan"), 2, "nan is no finite number", id="fps"),
        pytest.param(("--fps", "1e-9"), 2, "is not in the range 0.1<=x<=1000", id="a frame in thirty years"),
        pytest.param(("--batch-size", "99999999999"), 2, " GB as input alone, on a machine with ", id="batch"),
        pytest.param(("--max-regression", "1%"), 2, "name that file, too", id="regression without baseline"),
        pytest.param(("--duration", "inf"), 2, "inf is no finite number", id="duration"),
        pytest.param(("--duration", "0"), 2, "0.0 is not in the range x>0", id="no duration"),
        pytest.param(("--runs", "5", "--duration", "1"), 2, "both say how long to measure", id="runs and duration"),
        pytest.param(("--original-call", "xla"), 2, "name it with --original", id="call without original"),
        pytest.param(("--calibration", "{folder}"), 2, "name one of them", id="calibration without runtime"),
        pytest.param(("-o", "{folder}/a", "--report", "{folder}/a"), 2, "are both", id="two outputs of one name"),
        pytest.param(("{folder}/a.json",), 2, "comparing BENCH.JSON files measures nothing", id="report and model"),
    ],
)
def test_one_line_for_what_cannot_be_measured(tiny_model, make_image, tmp_path, arguments, exit_code, message):
    make_image("photos/purple/1.png")
    result = bench("--model", tiny_model, *(argument.format(folder=tmp_path) for argument in arguments))
    assert (result.exit_code, result.stdout) == (exit_code, "")
    assert message in result.stderr.splitlines()[-1]


def test_a_report_is_replaced_only_when_told(tiny_model, tmp_path):
    output = tmp_path / "bench.json"
    output.write_text("old")
    arguments = ("--model", tiny_model, "--runs", 1, "--batch-size", 1, "--format", "json", "--output", output)
    refused = bench(*arguments)
    assert (refused.exit_code, refused.stdout) == (1, "")
    assert refused.stderr == (
        f"cnnkit: error: {output} exists already: name another file, or pass --overwrite to replace it\n"
    )
    assert output.read_text() == "old"
    told = bench(*arguments, "--overwrite")
    assert (told.exit_code, told.stdout) == (0, ""), told.stderr
    assert [contender["name"] for contender in json.loads(output.read_text())["contenders"]] == ["tiny"]


def test_a_baseline_that_was_faster_ends_in_exit_code_1(tiny_model, tmp_path):
    call = ["bench", "--no-cold-start", "--model", str(tiny_model), "--runs", "30", "--batch-size", "2"]
    path = tmp_path / "bench.json"
    assert CliRunner().invoke(main, [*call, "--format", "json", "--output", str(path)]).exit_code == 0
    generous = CliRunner().invoke(main, [*call, "--baseline", str(path), "--max-regression", "1000%"])
    assert generous.exit_code == 0, generous.stderr
    report = json.loads(path.read_text())
    report["contenders"][0]["latency_ms"]["p50"] /= 100
    path.write_text(json.dumps(report))
    slower = CliRunner().invoke(main, [*call, "--baseline", str(path)])
    assert slower.exit_code == 1 and "p50 ms" in slower.stdout
    assert f"cnnkit: error: {tiny_model.stem} is " in slower.stderr and " % slower: " in slower.stderr


def test_an_earlier_run_is_drawn_once_more(tiny_model, tmp_path):
    path, page = tmp_path / "bench.json", tmp_path / "report.html"
    CliRunner().invoke(
        main,
        ["bench", "--no-cold-start", "--model", str(tiny_model), "--runs", "30", "--format", "json", "-o", str(path)],
    )
    again = CliRunner().invoke(main, ["bench", "--render", str(path), "--report", str(page), "--baseline", str(path)])
    assert again.exit_code == 0, again.stderr
    assert "p50 ms" in again.stdout and f"Fastest: {tiny_model.stem}" in page.read_text(encoding="utf-8")
    wrong = CliRunner().invoke(main, ["bench", "--render", str(path), "--model", str(tiny_model)])
    assert (wrong.exit_code, wrong.stderr.count("\n")) == (2, 1)


@pytest.mark.parametrize("what", ["--model", "--render", "--baseline"])
def test_what_is_read_is_never_written_over(tiny_model, tmp_path, what):
    path = tmp_path / "bench.json"
    bench("--model", tiny_model, "--runs", 1, "--batch-size", 1, "--format", "json", "-o", path)
    source = tiny_model if what == "--model" else path
    before = source.read_bytes()
    result = bench(what, source, "-o", source, "--overwrite")
    assert (result.exit_code, source.read_bytes()) == (1, before)
    assert "is what is read here, and would be lost" in result.stderr


def test_a_report_that_cannot_be_written_comes_out_all_the_same(tiny_model, monkeypatch, tmp_path):
    def full(path, text):
        raise OutputError(f"cannot write {path}: No space left on device")

    monkeypatch.setattr("cnnkit.bench.report.writing.write_text", full)
    result = bench("--model", tiny_model, "--runs", 1, "--format", "json", "-o", tmp_path / "bench.json")
    assert result.exit_code == 1 and "No space left on device" in result.stderr
    assert json.loads(result.stdout)["contenders"][0]["name"] == "tiny"


def test_ctrl_c_before_anything_was_measured(tiny_model, monkeypatch):
    def interrupted(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr("cnnkit.bench.run.run_bench", interrupted)
    result = bench("--model", tiny_model)
    assert (result.exit_code, result.stderr) == (130, "cnnkit: error: interrupted before anything was measured\n")


def test_a_provider_that_is_missing_is_said_and_the_other_measured(tiny_model):
    call = ("--model", tiny_model, "--runs", "20", "--batch-size", "2", "--no-cold-start", "--format", "json")
    result = bench(*call, "--provider", "armnn", "--provider", "cpu")
    assert [each["name"] for each in json.loads(result.stdout)["contenders"]] == ["tiny"]
    assert json.loads(result.stdout)["options"]["provider"] == "cpu"
    (line,) = [line for line in result.stderr.splitlines() if "armnn" in line]
    assert line.endswith("expected auto or one of those available here: cpu (left out)")
