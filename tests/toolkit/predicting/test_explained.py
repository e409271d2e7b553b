"""The part that carried an answer, in pixels of the photo, however it became the network's input."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from corner_models import corner_spec, save_corner_onnx
from image_files import encode, with_orientation

from cnnkit.explaining import ExplainOptions
from cnnkit.images import Placement, Window, place_image
from cnnkit.predicting import ExplainRun, run_explain
from cnnkit.predicting.explained import in_photo
from cnnkit.predicting.explained_rows import ReasonRow, ReasonWriter
from cnnkit.spec import InputSpec


@pytest.fixture
def explained(tmp_path: Path, monkeypatch: pytest.MonkeyPatch):
    """Explains one photo, and returns its row."""
    rows: list[ReasonRow] = []
    monkeypatch.setattr(ReasonWriter, "write", lambda self, row: rows.append(row))

    def explain(
        data: bytes, corner: str, *, label: str | None = None, explain: ExplainOptions | None = None, **changes: object
    ) -> ReasonRow:
        photo = tmp_path / "photo.jpg"
        photo.write_bytes(data)
        model = save_corner_onnx(tmp_path / "corner.onnx", corner, corner_spec(**changes))
        run = ExplainRun(model, (str(photo),), label=label, explain=explain or ExplainOptions())
        assert run_explain(run).failed == 0
        return rows[-1]

    return explain


def dark_photo(height: int, width: int, bright: Window) -> np.ndarray:
    pixels = np.random.default_rng(3).integers(20, 60, (height, width, 3), dtype=np.uint8)
    pixels[bright.slices] = 240
    return pixels


def overlap(part: Window, wanted: Window) -> float:
    """The share of the smaller one that both have."""
    down = min(part.top + part.height, wanted.top + wanted.height) - max(part.top, wanted.top)
    right = min(part.left + part.width, wanted.left + wanted.width) - max(part.left, wanted.left)
    return max(0, down) * max(0, right) / min(part.height * part.width, wanted.height * wanted.width)


@pytest.mark.parametrize(
    ("resize", "size", "bright"),
    [
        pytest.param("squash", (200, 320), Window(0, 0, 50, 80), id="squashed"),
        pytest.param("crop", (200, 320), Window(0, 60, 50, 50), id="cropped at both sides"),
        pytest.param("crop", (320, 160), Window(80, 0, 40, 40), id="cropped above and below"),
    ],
)
@pytest.mark.parametrize("orientation", [1, 3, 6])
def test_the_part_lies_in_the_photo_as_it_is_looked_at(explained, resize, size, bright, orientation) -> None:
    """The bright corner is the top left one of what the network sees, when the photo is upright."""
    upright = dark_photo(*size, bright)
    stored = {1: upright, 3: np.rot90(upright, 2), 6: np.rot90(upright)}[orientation]
    data = with_orientation(encode(np.ascontiguousarray(stored), "JPEG", quality=95), orientation)
    row = explained(data, "top left", resize=resize)
    assert row.answer.prediction.label == "bright"
    part = row.reason.part
    assert overlap(part, bright) > 0.8
    assert part.height * part.width < size[0] * size[1] / 4
    assert part.top + part.height <= size[0] and part.left + part.width <= size[1]
    assert row.reason.without.label == "dark"
    assert row.reason.probability_without < 0.1 < 0.9 < row.reason.probability


@pytest.mark.parametrize(("corner", "left"), [("top left", 0), ("top right", 300)])
def test_the_part_of_a_padded_photo_lies_in_the_photo(explained, corner, left) -> None:
    """Of 32 x 32 pixels 4 above and 4 below are padding, and a corner of 8 reaches 4 into the photo: 50 of its own."""
    bright = Window(0, left, 50, 100)
    row = explained(encode(dark_photo(300, 400, bright), "JPEG"), corner, label="bright", resize="pad")
    assert overlap(row.reason.part, bright) > 0.8
    assert row.reason.part.top == 0
    assert row.reason.probability_without < 0.1 < row.reason.probability


@pytest.mark.parametrize("method", ["occlusion", "masks"])
def test_what_lies_in_the_padding_alone_carries_nothing(explained, method) -> None:
    """Here 8 above and 8 below are padding, which is black with and without any part of the photo."""
    photo = dark_photo(200, 400, Window(0, 0, 100, 100))
    row = explained(encode(photo, "JPEG"), "top left", explain=ExplainOptions(method=method), resize="pad")
    assert (row.answer.prediction.label, row.reason.part) == ("dark", None)


@pytest.mark.parametrize(
    ("spec", "size", "part", "wanted"),
    [
        pytest.param(InputSpec(32, 32, 3), (64, 320), Window(8, 4, 8, 16), Window(16, 40, 16, 160), id="squash"),
        pytest.param(
            InputSpec(32, 32, 3, resize="crop"), (64, 320), Window(8, 4, 8, 16), Window(16, 136, 16, 32), id="crop"
        ),
        pytest.param(
            InputSpec(32, 32, 3, resize="pad"), (160, 320), Window(8, 4, 16, 16), Window(0, 40, 160, 160), id="pad"
        ),
        pytest.param(InputSpec(32, 32, 3), (20, 20), Window(0, 0, 1, 32), Window(0, 0, 1, 20), id="enlarged"),
    ],
)
def test_parts_of_the_input_in_pixels_of_the_photo(
    spec: InputSpec, size: tuple[int, int], part: Window, wanted: Window
) -> None:
    assert in_photo(part, place_image(*size, spec)) == wanted


def test_a_part_never_leaves_what_is_seen() -> None:
    placement = Placement(Window(3, 5, 33, 47), Window(0, 0, 32, 32))
    assert in_photo(Window(0, 0, 32, 32), placement) == Window(3, 5, 33, 47)


@pytest.mark.parametrize(("color", "channels"), [("bgr", 3), ("gray", 1)])
def test_pictures_of_networks_with_other_colours(tmp_path, make_model, make_image, color, channels) -> None:
    """The photo is red whatever the network takes; a gray network's input is drawn in gray."""
    from tiny_models import TINY_SPEC

    if channels == 1:
        spec = corner_spec()
        gray = replace(spec, input=replace(spec.input, channels=1, color="gray"))
        model = save_gray_onnx(tmp_path / "gray.onnx", gray)
    else:
        model = make_model("bgr.onnx", spec=replace(TINY_SPEC, input=replace(TINY_SPEC.input, color=color)))
    photo = make_image("red.png", "red", (64, 64))
    run_explain(ExplainRun(model, (str(photo),), tmp_path / "why.png"))
    drawn = cv2.imread(str(tmp_path / "why.png"))
    inside = drawn[60:200, 40:200]  # of the first picture, in BGR
    assert (np.median(inside, axis=(0, 1)) == (0, 0, 255)).all()


def save_gray_onnx(path: Path, spec) -> Path:
    from onnx import TensorProto, helper, numpy_helper

    from cnnkit.spec import METADATA_KEY, write_spec

    nodes = [
        helper.make_node("Cast", ["image"], ["numbers"], to=TensorProto.FLOAT),
        helper.make_node("ReduceMean", ["numbers"], ["mean"], axes=[1, 2], keepdims=0),
        helper.make_node("Gemm", ["mean", "weights"], ["logits"]),
        helper.make_node("Softmax", ["logits"], ["probabilities"]),
    ]
    graph = helper.make_graph(
        nodes, "gray",
        [helper.make_tensor_value_info("image", TensorProto.UINT8, ["batch", 32, 32, 1])],
        [helper.make_tensor_value_info("probabilities", TensorProto.FLOAT, ["batch", 2])],
        [numpy_helper.from_array(np.array([[0.01, -0.01]], np.float32), "weights")],
    )  # fmt: skip
    model = helper.make_model(graph, opset_imports=[helper.make_opsetid("", 17)], ir_version=8)
    helper.set_model_props(model, {METADATA_KEY: write_spec(spec)})
    path.write_bytes(model.SerializeToString())
    return path
