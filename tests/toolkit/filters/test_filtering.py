"""A photo filtered, and its picture."""

from __future__ import annotations

import itertools
from dataclasses import replace
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st
from image_files import encode_cv2, photo

from cnnkit.errors import ImageError, OutputError, UsageError
from cnnkit.filters.drawing import check_picture, draw_filtered, shades
from cnnkit.filters.filtering import Filtered, FilterOptions, filter_photo, fit_into
from cnnkit.filters.kernels import KERNELS
from cnnkit.filters.layout import Box, lay_out
from cnnkit.filters.lettering import cut, drawable, width_of, wrap

DPI = 120
SOBEL = (KERNELS["sobel-x"],)
SQUARES = st.tuples(st.integers(1, 3000), st.integers(1, 3000))


@pytest.fixture
def cat(tmp_path: Path) -> Path:
    """A photo of 60 x 80 pixels."""
    path = tmp_path / "cat.png"
    path.write_bytes(encode_cv2(photo(60, 80), ".png"))
    return path


def test_every_kernel_is_applied_to_the_gray_photo(cat: Path) -> None:
    gray = cv2.cvtColor(photo(60, 80), cv2.COLOR_RGB2GRAY)
    result = filter_photo(cat, FilterOptions())
    assert np.array_equal(result.gray, gray)
    assert [item.kernel for item in result.filtered] == list(KERNELS.values())
    for item in result.filtered:
        convolved = cv2.filter2D(gray, cv2.CV_64F, item.kernel.weights())[1:-1, 1:-1]
        assert np.array_equal(item.convolved, convolved)
        assert np.array_equal(item.pooled, convolved.reshape(29, 2, 39, 2).max(axis=(1, 3)))


@pytest.mark.parametrize(
    ("options", "gray", "convolved", "pooled"),
    [
        pytest.param({}, (60, 80), (58, 78), (29, 39), id="default"),
        pytest.param({"padding": 1}, (60, 80), (60, 80), (30, 40), id="padded"),
        pytest.param({"stride": (2, 3)}, (60, 80), (29, 26), (14, 13), id="stride"),
        pytest.param({"pool_size": (3, 1)}, (60, 80), (58, 78), (19, 78), id="window"),
        pytest.param({"pool_stride": (1, 1)}, (60, 80), (58, 78), (57, 77), id="pooling stride"),
        pytest.param({"size": (30, 512)}, (30, 40), (28, 38), (14, 19), id="size"),
    ],
)
def test_options_decide_the_shapes(
    cat: Path, options: dict[str, Any], gray: tuple[int, int], convolved: tuple[int, int], pooled: tuple[int, int]
) -> None:
    result = filter_photo(cat, FilterOptions(SOBEL, **options))
    (only,) = result.filtered
    assert (result.gray.shape, only.convolved.shape, only.pooled.shape) == (gray, convolved, pooled)


def test_average_pooling(cat: Path) -> None:
    (only,) = filter_photo(cat, FilterOptions(SOBEL, pool="average", pool_size=(58, 78))).filtered
    assert only.pooled.item() == pytest.approx(only.convolved.mean())


@given(shape=SQUARES, box=SQUARES)
def test_a_photo_is_shrunk_to_fit_and_keeps_its_aspect(shape: tuple[int, int], box: tuple[int, int]) -> None:
    fitted = fit_into(shape, box)
    assert all(1 <= side <= min(limits) for side, limits in zip(fitted, zip(shape, box, strict=True), strict=True))
    assert any(side == min(limits) for side, limits in zip(fitted, zip(shape, box, strict=True), strict=True))
    exact = min(1, box[0] / shape[0], box[1] / shape[1])
    assert all(abs(side - exact * whole) <= 0.5 or side == 1 for side, whole in zip(fitted, shape, strict=True))


@pytest.mark.parametrize(
    ("options", "error", "message"),
    [
        pytest.param(
            {"size": (9, 2049)}, UsageError, "a size of 2,049 pixels a side: expected 2,048 or less", id="size"
        ),
        pytest.param({"padding": 513}, UsageError, "a padding of 513: expected 512 or less", id="padding"),
        pytest.param({"size": (2, 2)}, UsageError, "a kernel of 3 x 3 does not fit into 2 x 2 values", id="too small"),
        pytest.param({"pool_size": (59, 1)}, UsageError, "window of 59 x 1 does not fit into 58 x 78", id="window"),
        pytest.param({"max_pixels": 4799}, ImageError, "more than the limit of 4,799 (--max-pixels)", id="pixels"),
    ],
)
def test_options_out_of_range(cat: Path, options: dict[str, Any], error: type[Exception], message: str) -> None:
    with pytest.raises(error) as caught:
        filter_photo(cat, FilterOptions(**options))
    assert message in str(caught.value)


@pytest.mark.parametrize(
    ("name", "values", "expected"),
    [
        pytest.param("sobel-x", [-3.0, 2.0], (-3, 3), id="sum 0: as far up as down"),
        pytest.param("sobel-x", [0.0, 0.0], (-1, 1), id="sum 0: an even photo"),
        pytest.param("sobel-x", [*[5.0] * 999, 900.0], (-5, 5), id="sum 0: one strong edge hides nothing"),
        pytest.param("sharpening", [7.0], (-255, 0), id="sum -1: a negative"),
        pytest.param("gaussian-blur", [7.0], (0, 16 * 255), id="sum 16"),
    ],
)
def test_what_is_black_and_white(name: str, values: list[float], expected: tuple[float, float]) -> None:
    array = np.array([values])
    assert shades(Filtered(KERNELS[name], array, array)) == pytest.approx(expected, abs=0.1)


def overlap(one: Box, other: Box) -> bool:
    return (
        one.x < other.x + other.width
        and other.x < one.x + one.width
        and one.y < other.y + other.height
        and other.y < one.y + one.height
    )


@given(shape=st.tuples(st.integers(1, 2048), st.integers(1, 2048)), kernels=st.integers(1, 6))
def test_boxes_are_apart_and_within_the_picture(shape: tuple[int, int], kernels: int) -> None:
    layout = lay_out(shape, kernels)
    boxes = [layout.box(row, column) for row in range(kernels + 1) for column in range(3)]
    assert not any(overlap(*pair) for pair in itertools.combinations(boxes, 2))
    for box in (*boxes, *(layout.kernel_box(row, (3, 3)) for row in range(1, kernels + 1))):
        assert min(box.x, box.y, box.width, box.height) > 0.5
        assert box.x + box.width < layout.width - 0.5 and box.y + box.height < layout.height - 0.5


@pytest.mark.parametrize(
    ("text", "width", "expected"),
    [
        pytest.param("cat.jpg", 9, "cat.jpg", id="fits"),
        pytest.param("a " * 99, 0.45, "a a…", id="cut at a space"),
        pytest.param("cat", 0.01, "…", id="no room"),
    ],
)
def test_cut(text: str, width: float, expected: str) -> None:
    assert cut(text, 10, width) == expected


@given(words=st.lists(st.text("abcW", min_size=1, max_size=8), max_size=12), width=st.floats(1.2, 4))
def test_wrapped_lines_fit_and_hold_every_word(words: list[str], width: float) -> None:
    lines = wrap(" ".join(words), 10, width)
    assert " ".join(lines).split() == words
    assert all(width_of(line, 10) <= width for line in lines)


def test_letters_without_a_picture_are_replaced() -> None:
    assert drawable("Füße 猫 −×.jpg") == "Füße ? −×.jpg"


@pytest.mark.parametrize(
    ("name", "shape", "options"),
    [
        pytest.param("cat.png", (60, 80), {}, id="all kernels"),
        pytest.param("$a_b$ 猫 " + "W" * 80 + ".png", (200, 20), {"kernels": SOBEL}, id="tall, and a hard name"),
        pytest.param("wide.png", (5, 300), {"kernels": SOBEL, "pool": "average", "padding": 9}, id="wide"),
        pytest.param("dot.png", (1, 1), {"kernels": SOBEL, "padding": 2}, id="one pixel"),
        pytest.param("far.png", (60, 80), {"kernels": SOBEL, "pool_stride": (10**9 - 1, 10**9 - 1)}, id="long setting"),
    ],
)
def test_the_picture_is_as_planned_and_its_margins_are_white(
    tmp_path: Path, name: str, shape: tuple[int, int], options: dict[str, Any]
) -> None:
    path, picture = tmp_path / name, tmp_path / "out.png"
    path.write_bytes(encode_cv2(cv2.resize(photo(60, 80), shape[::-1]), ".png"))
    result = filter_photo(path, FilterOptions(**options))
    draw_filtered(result, picture)
    drawn = cv2.imread(str(picture))
    layout = lay_out(shape, len(result.filtered))
    assert drawn.shape[:2] == pytest.approx((layout.height * DPI, layout.width * DPI), abs=1)
    margin = DPI // 2
    inside = drawn[margin:-margin, margin:-margin]
    assert inside.min() < 100
    drawn[margin:-margin, margin:-margin] = 255
    assert drawn.min() == 255


def test_the_picture_shows_the_photo_and_what_became_of_it(tmp_path: Path) -> None:
    """Left half black, right half white: gray where nothing changes, white at the edge from dark to bright."""
    path, picture = tmp_path / "half.png", tmp_path / "out.png"
    pixels = np.zeros((100, 100, 3), np.uint8)
    pixels[:, 50:] = 255
    path.write_bytes(encode_cv2(pixels, ".png"))
    draw_filtered(filter_photo(path, FilterOptions(SOBEL)), picture)
    drawn, layout = cv2.imread(str(picture), cv2.IMREAD_GRAYSCALE), lay_out((100, 100), 1)

    def at(row: int, column: int, across: float) -> int:
        box = layout.box(row, column)
        return int(drawn[int((box.y + box.height / 2) * DPI), int((box.x + across * box.width) * DPI)])

    assert [at(0, 1, across) for across in (0.25, 0.75)] == [0, 255]
    for column in (1, 2):
        assert [at(1, column, across) for across in (0.25, 0.5, 0.75)] == pytest.approx([128, 255, 128], abs=1)


@pytest.mark.parametrize(
    ("name", "error", "message"),
    [
        pytest.param("out.jpg", UsageError, "the picture is a PNG, expected a name that ends in .png", id="suffix"),
        pytest.param("cat.png", UsageError, "is the photo itself: name another file", id="the photo"),
        pytest.param("old.png", OutputError, "exists already: name another file, or pass --overwrite", id="exists"),
        pytest.param("none/out.png", OutputError, "does not exist", id="no folder"),
    ],
)
def test_pictures_that_are_refused(cat: Path, name: str, error: type[Exception], message: str) -> None:
    cat.with_name("old.png").touch()
    with pytest.raises(error, match=message):
        check_picture(cat.parent / name, cat, overwrite=False)


def test_a_picture_may_replace_another_when_told(cat: Path) -> None:
    cat.with_name("old.PNG").touch()
    check_picture(cat.with_name("old.PNG"), cat, overwrite=True)


def test_a_picture_that_cannot_be_drawn_leaves_no_file(cat: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from matplotlib.figure import Figure

    def full(*_: Any, **__: Any) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Figure, "savefig", full)
    result = filter_photo(cat, replace(FilterOptions(), kernels=SOBEL))
    with pytest.raises(OutputError, match=r"cannot write .*out\.png: No space left on device"):
        draw_filtered(result, cat.with_name("out.png"))
    assert [path.name for path in cat.parent.iterdir()] == ["cat.png"]
