"""What a file is that is no ONNX model, by its first bytes: people take one for the other."""

from __future__ import annotations

_HEAD = 4096  # bytes that are looked at
_FEWEST = 16  # characters of a text
_BEGINNINGS = (
    (b"\x89HDF\r\n\x1a\n", "an HDF5 file, as Keras writes .h5: cnnkit export makes ONNX of a model in one"),
    (b"\xff\xd8\xff", "a JPEG image"),
    (b"\x89PNG", "a PNG image"),
    (b"\x1f\x8b", "compressed by gzip: unpack it first"),
    (b"7z\xbc\xaf", "a 7-Zip archive: unpack it first"),
    (b"version https://git-lfs", "a pointer of Git LFS, without the model itself: git lfs pull gets that"),
    (b"\x80\x02", "a Python pickle, as PyTorch writes: torch.onnx.export makes ONNX of the model"),
    (b"\x80\x04", "a Python pickle, as PyTorch and scikit-learn write: no code is run from one"),
    (b"\x80\x05", "a Python pickle, as PyTorch and scikit-learn write: no code is run from one"),
)
_LITERT = b"TFL3"  # from the fifth byte on
_TENSORFLOW = (b"\x12\x05Const", b"\x12\x0bPlaceholder")  # operators of a GraphDef


def kind_of(data: bytes) -> str | None:
    """Says what a file is that is no ONNX model, and what to do; None where it is not known.

    Args:
        data: Its bytes.
    """
    known = next((kind for beginning, kind in _BEGINNINGS if data.startswith(beginning)), None)
    if known is not None:
        return known
    if data.startswith(b"PK"):
        return _archive(data)
    if data[4:8] == _LITERT:
        return "a LiteRT model (.tflite), which does not become ONNX: export the Keras model that it was made from"
    if data[8:9] == b"{" and int.from_bytes(data[:8], "little") <= len(data) - 8:
        return "weights alone (.safetensors): torch.onnx.export makes ONNX of the model that they belong to"
    if data.startswith(b"\n") and any(operator in data for operator in _TENSORFLOW):
        return "a graph of TensorFlow (.pb) alone: save the model as a SavedModel, of which cnnkit export makes ONNX"
    return _text(data[:_HEAD])


def _archive(data: bytes) -> str:
    if b"model.weights.h5" in data:
        return "a Keras file: call it .keras, and cnnkit export makes ONNX of it"
    if b"data.pkl" in data:
        return "a PyTorch file: torch.onnx.export makes ONNX of the model"
    return "a zip archive: unpack it first"


def _text(head: bytes) -> str | None:
    try:
        text = head.decode("utf-8", "strict" if len(head) < _HEAD else "ignore").lstrip("\ufeff \n\r\t")
    except UnicodeDecodeError:
        return None
    if text[:200].lower().startswith(("<!doctype", "<html")):
        return "a web page: the download went wrong"
    if text.startswith("<?xml") and "<net" in text:
        return "a network of OpenVINO (.xml), which does not become ONNX: export the model that it was made from"
    if text.startswith("{"):
        what = "the architecture of a Keras model without its weights" if '"class_name"' in text else "JSON"
        return f"{what}: give the file that Keras' model.save wrote"
    return "text" if len(text) >= _FEWEST and all(char.isprintable() or char.isspace() for char in text) else None
