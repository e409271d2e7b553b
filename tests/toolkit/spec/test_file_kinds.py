from __future__ import annotations

import gzip
import io
import pickle
import zipfile

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.spec.file_kinds import kind_of


def archive(name: str) -> bytes:
    data = io.BytesIO()
    with zipfile.ZipFile(data, "w") as file:
        file.writestr(name, b"x")
    return data.getvalue()


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        (archive("model.weights.h5"), "a Keras file: call it .keras, and cnnkit export"),
        (archive("archive/data.pkl"), "a PyTorch file: torch.onnx.export makes ONNX"),
        (archive("photo.jpg"), "a zip archive: unpack it first"),
        (b"\x89HDF\r\n\x1a\n" + bytes(99), "an HDF5 file, as Keras writes .h5: cnnkit export"),
        (b"\x1c\0\0\0TFL3" + bytes(99), "a LiteRT model (.tflite), which does not become ONNX"),
        (b"\n\x12\n\x01x\x12\x0bPlaceholder", "a graph of TensorFlow (.pb) alone: save the model as a SavedModel"),
        (
            b"version https://git-lfs.github.com/spec/v1\n",
            "a pointer of Git LFS, without the model itself: git lfs pull",
        ),
        (b"\n <!DOCTYPE html><html>404</html>", "a web page: the download went wrong"),
        (b'{"class_name": "Functional"}', "the architecture of a Keras model without its weights: give the file"),
        (b'{"a": 1}', "JSON: give the file"),
        (pickle.dumps({"a": 1}), "a Python pickle"),
        (gzip.compress(b"x", mtime=0), "compressed by gzip: unpack it first"),
        (b"\xff\xd8\xff\xe0" + bytes(99), "a JPEG image"),
        (b"\x10" + bytes(7) + b'{"w":{"dtype":"F32"}}', "weights alone (.safetensors): torch.onnx.export"),
        (b'<?xml version="1.0"?>\n<net name="m" version="11">', "a network of OpenVINO (.xml), which does not become"),
        ("f\u00fcr alle F\u00e4lle ein Text\n".encode() * 500, "text"),
    ],
)
def test_what_it_is(data: bytes, expected: str, tmp_path) -> None:
    assert str(kind_of(data)).startswith(expected)
    path = tmp_path / "net.onnx"
    path.write_bytes(data)
    done = CliRunner().invoke(main, ["info", str(path)])
    assert (done.exit_code, done.stderr.count("\n")) == (1, 1)
    assert f"{path} is no ONNX model but {expected}" in done.stderr


@pytest.mark.parametrize("data", [b"", b"\x08\x08", b"short", bytes(range(256)), b"\xff" * 99])
def test_what_is_not_known(data: bytes) -> None:
    assert kind_of(data) is None
