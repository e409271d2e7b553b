"""What is damaged or of the wrong kind is refused in one line, writes nothing, and leaves the originals alone."""

from __future__ import annotations

import shutil
from contextlib import contextmanager

import numpy as np
import pytest
from click.testing import CliRunner
from small_keras import LABELS, body

from cnnkit.cli import main
from cnnkit.spec import METADATA_KEY, onnx_header
from cnnkit.system.files import sha256


def run(*arguments):
    return CliRunner().invoke(main, ["-q", *map(str, arguments)])


def refused(folder, *arguments):
    """Runs a command that must fail with one line, and returns the line."""
    before = {path: sha256(path) for path in folder.rglob("*") if path.is_file()}
    done = run(*arguments)
    assert done.exit_code in (1, 2)
    assert done.stdout == ""
    assert {path: sha256(path) for path in folder.rglob("*") if path.is_file()} == before
    (line,) = done.stderr.splitlines()
    return line


def flipped(data, step):
    damaged = np.frombuffer(data, np.uint8).copy()
    damaged[step::step] ^= 0xFF
    return damaged.tobytes()


DAMAGE = {
    "cut early": lambda data: data[:100],
    "cut late": lambda data: data[: len(data) * 9 // 10],
    "flipped": lambda data: flipped(data, 97),
    "empty": lambda data: b"",
    "something else": lambda data: b"hello, world\n" * 20,
}


@pytest.mark.filterwarnings("ignore:You are saving your model as an HDF5 file")
@pytest.mark.parametrize("suffix", [".keras", ".h5"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_keras_files(keras, networks, tmp_path, suffix, damage):
    source = networks(f"whole{suffix}", keras.layers.Rescaling(1 / 255), *body(keras))
    path = tmp_path / f"bad{suffix}"
    path.write_bytes(DAMAGE[damage](source.read_bytes()))
    assert f"bad{suffix}" in refused(tmp_path, "export", path, "-o", tmp_path / "x.onnx", "--labels", LABELS)


@pytest.mark.parametrize("command", ["quantize", "verify", "stamp", "info"])
@pytest.mark.parametrize("damage", DAMAGE)
def test_damaged_onnx_files(small_model, colours, tmp_path, command, damage):
    path = tmp_path / "bad.onnx"
    path.write_bytes(DAMAGE[damage](small_model.read_bytes()))
    rest = {
        "quantize": ["--calibration", colours, "-o", tmp_path / "x.onnx"],
        "stamp": ["--labels", "a,b,c", "-o", tmp_path / "x.onnx"],
    }
    assert "bad.onnx" in refused(tmp_path, command, path, *rest.get(command, []))


@pytest.mark.parametrize("command", ["quantize", "verify", "info"])
def test_onnx_files_of_two_gibibytes(small_model, colours, tmp_path, monkeypatch, command):
    shutil.copy(small_model, tmp_path / "big.onnx")
    monkeypatch.setattr(onnx_header, "_MOST_BYTES", 1000)
    rest = ["--calibration", colours] if command == "quantize" else []
    assert "and ONNX files end at 2 GiB: expected a smaller model" in refused(
        tmp_path, command, tmp_path / "big.onnx", *rest
    )


@pytest.mark.parametrize("location", ["/etc/hostname", "../secret.bin", "weights/../../secret.bin"])
@pytest.mark.parametrize("command", ["quantize", "verify", "info", "stamp"])
def test_weights_outside_the_folder(small_model, colours, tmp_path, command, location):
    import onnx

    (tmp_path / "inner").mkdir()
    (tmp_path / "secret.bin").write_bytes(bytes(100_000))
    model = onnx.load(small_model)
    if command == "stamp":
        del model.metadata_props[:]
    tensor = model.graph.initializer[0]
    tensor.ClearField("raw_data")
    tensor.data_location = onnx.TensorProto.EXTERNAL
    tensor.external_data.add(key="location", value=location)
    path = tmp_path / "inner" / "model.onnx"
    path.write_bytes(model.SerializeToString())
    rest = {
        "quantize": ["--calibration", colours, "-o", tmp_path / "x.onnx"],
        "stamp": ["--labels", "a,b,c", "-o", tmp_path / "x.onnx"],
    }
    line = refused(tmp_path, command, path, *rest.get(command, []))
    assert "outside its own folder: that is refused" in line or "keeps its weights in other files" in line
    assert METADATA_KEY not in line


@pytest.mark.parametrize(
    ("names", "message"),
    [
        pytest.param({}, "holds no readable image", id="empty"),
        pytest.param({"a.jpg": b"hi", "b.jpg": b""}, "holds no readable image", id="no images"),
        pytest.param(None, "no such folder", id="missing"),
    ],
)
def test_folders_that_cannot_calibrate(small_model, tmp_path, names, message):
    folder = tmp_path / "images"
    for name, content in (names or {}).items():
        folder.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    if names == {}:
        folder.mkdir()
    assert message in refused(tmp_path, "quantize", small_model, "--calibration", folder, "-o", tmp_path / "x.onnx")


def test_few_images_are_warned_of(small_model, colours, tmp_path):
    few = tmp_path / "few"
    few.mkdir()
    for index, path in enumerate(sorted(colours.rglob("*.png"))[:5]):
        shutil.copy(path, few / f"{index}.png")
    arguments = ["quantize", str(small_model), "--calibration", str(few), "-o", str(tmp_path / "x.onnx")]
    done = CliRunner().invoke(main, [*arguments, "--scheme", "u8s8-7bit"])
    assert done.exit_code == 0
    assert "5 calibration images are few: 32 or more give safer ranges" in done.stderr


def test_labels_that_do_not_match(small_model, colours, tmp_path):
    (tmp_path / "data" / "pear").mkdir(parents=True)
    shutil.copy(next(colours.rglob("*.png")), tmp_path / "data" / "pear")
    line = refused(
        tmp_path,
        "quantize",
        small_model,
        "--calibration",
        colours,
        "--data",
        tmp_path / "data",
        "-o",
        tmp_path / "x.onnx",
    )
    assert "pear is none of the model's classes" in line


@pytest.mark.parametrize("command", ["quantize", "export"])
def test_an_original_is_never_replaced(small_model, run_folder, colours, tmp_path, command):
    source = {"quantize": small_model, "export": run_folder / "model.keras"}[command]
    path = tmp_path / source.name
    shutil.copy(source, path)
    if command == "export":
        shutil.copy(run_folder / "spec.json", tmp_path)
    rest = ["--calibration", colours] if command == "quantize" else []
    line = refused(tmp_path, command, path, *rest, "-o", path, "--overwrite")
    assert "is what is read here, and would be lost: name another file" in line


@pytest.mark.parametrize("command", ["quantize", "export", "stamp"])
def test_a_full_disk(small_model, run_folder, colours, tmp_path, monkeypatch, command):
    import onnx

    from cnnkit.export.graph import writing

    bare = onnx.load(small_model)
    del bare.metadata_props[:]
    (tmp_path / "bare.onnx").write_bytes(bare.SerializeToString())
    output = tmp_path / "x.onnx"
    real = writing.whole_file

    @contextmanager
    def full(path):
        with real(path) as temporary:
            temporary.write_bytes(b"half")
            raise OSError(28, "No space left on device")
        yield

    monkeypatch.setattr(writing, "whole_file", full)
    arguments = {
        "quantize": [small_model, "--calibration", colours, "--scheme", "u8s8-7bit"],
        "export": [run_folder],
        "stamp": [tmp_path / "bare.onnx", "--labels", "a,b,c"],
    }[command]
    line = refused(tmp_path, command, *arguments, "-o", output)
    assert "x.onnx: No space left on device" in line
    assert not list(tmp_path.glob(".cnnkit-*"))
