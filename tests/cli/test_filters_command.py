from __future__ import annotations

import importlib.util
from pathlib import Path
from typing import Any

import cv2
import pytest
from click.testing import CliRunner
from image_files import encode_cv2, photo

from cnnkit.cli import main
from cnnkit.commands.options.values import steps


@pytest.fixture(autouse=True)
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The current folder: a photo of 60 x 80 pixels, a cut one, and a picture that exists."""
    jpeg = encode_cv2(photo(60, 80), ".jpg")
    (tmp_path / "cat.jpg").write_bytes(jpeg)
    (tmp_path / "cut.jpg").write_bytes(jpeg[:1000])
    (tmp_path / "whole but.jpg").write_bytes(jpeg[:-2])
    (tmp_path / "old.png").write_bytes(b"old")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def filters(*arguments: str) -> Any:
    return CliRunner().invoke(main, ["filters", *arguments])


@pytest.mark.parametrize(
    ("arguments", "line"),
    [
        pytest.param((), "out.png: 6 kernels on cat.jpg, 60x80 gray\n", id="all kernels"),
        pytest.param(("--kernel", "sobel-x"), "out.png: 1 kernel on cat.jpg, 60x80 gray\n", id="one"),
        pytest.param(
            ("--kernel", "-1,2.5,-1", "--kernel", "1;1"), "out.png: 2 kernels on cat.jpg, 60x80 gray\n", id="own ones"
        ),
        pytest.param(
            ("--kernel", "sobel-x", "--kernel", "sharpening", "--kernel", "sobel-x", "--size", "30x400"),
            "out.png: 2 kernels on cat.jpg, 30x40 gray\n",
            id="named twice, and smaller",
        ),
    ],
)
def test_what_is_printed_and_written(arguments: tuple[str, ...], line: str) -> None:
    result = filters("cat.jpg", "-o", "out.png", *arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (0, line, "")
    assert Path("out.png").read_bytes().startswith(b"\x89PNG\r\n\x1a\n")
    assert cv2.imread("out.png").std() > 20


def test_options_reach_the_arithmetic(monkeypatch: pytest.MonkeyPatch) -> None:
    import cnnkit.filters.drawing

    seen: list[Any] = []
    monkeypatch.setattr(cnnkit.filters.drawing, "draw_filtered", lambda photo, path: seen.append((photo, path)))
    flags = ("--padding", "2", "--stride", "2x1", "--pool", "average", "--pool-size", "3x2", "--pool-stride", "1",
             "--size", "50", "--max-pixels", "4800", "--kernel", "gaussian-blur")  # fmt: skip
    assert filters("cat.jpg", "-o", "out.png", *flags).exit_code == 0
    ((result, path),) = seen
    options = result.options
    assert (path, [kernel.name for kernel in options.kernels]) == (Path("out.png"), ["gaussian-blur"])
    assert (options.padding, options.stride, options.pool, options.pool_size) == (2, (2, 1), "average", (3, 2))
    assert (options.pool_stride, options.size, options.max_pixels) == ((1, 1), (50, 50), 4800)
    assert result.gray.shape == (38, 50)
    assert result.filtered[0].convolved.shape == ((38 + 4 - 3) // 2 + 1, 50 + 4 - 3 + 1)


def test_a_whole_image_in_an_odd_file_gets_a_warning() -> None:
    result = filters("whole but.jpg", "-o", "out.png", "--kernel", "sobel-x")
    assert (result.exit_code, result.stderr) == (0, "cnnkit: warning: whole but.jpg: JPEG lacks its end marker\n")


@pytest.mark.parametrize(
    ("arguments", "code", "message"),
    [
        pytest.param(("none.jpg", "-o", "out.png"), 1, "none.jpg: no such file", id="no photo"),
        pytest.param(
            ("old.png", "-o", "out.png"),
            1,
            "old.png: not an image: expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000",
            id="no image",
        ),
        pytest.param(("cut.jpg", "-o", "out.png"), 1, "cut.jpg: truncated JPEG: data ends after 1,000 bytes", id="cut"),
        pytest.param(
            ("cat.jpg", "-o", "out.png", "--max-pixels", "9"),
            1,
            "cat.jpg: 80 x 60 pixels, more than the limit of 9 (--max-pixels)",
            id="too large",
        ),
        pytest.param(
            ("cat.jpg", "-o", "old.png"),
            1,
            "old.png exists already: name another file, or pass --overwrite to replace it",
            id="output exists",
        ),
        pytest.param(
            ("none.jpg", "-o", "none/out.png"),
            1,
            "cannot write none/out.png: the folder none does not exist",
            id="folder",
        ),
        pytest.param(
            ("cat.jpg", "-o", "out.jpg"),
            2,
            "out.jpg: the picture is a PNG, expected a name that ends in .png",
            id="jpg",
        ),
        pytest.param(
            ("old.png", "-o", "./old.png", "--overwrite"),
            2,
            "--output old.png is the photo itself: name another file",
            id="itself",
        ),
        pytest.param(
            ("cat.jpg", "-o", "out.png", "--size", "2"),
            2,
            "a kernel of 3 x 3 does not fit into 2 x 2 values (height x width): "
            "take a smaller kernel, a larger image or more padding",
            id="kernel larger than the image",
        ),
        pytest.param(
            ("cat.jpg", "-o", "out.png", "--pool-size", "99"),
            2,
            "a pooling window of 99 x 99 does not fit into 58 x 78 values (height x width): "
            "take a smaller pooling window, a larger image or more padding",
            id="window larger than the image",
        ),
    ],
)
def test_one_line_and_no_file(arguments: tuple[str, ...], code: int, message: str) -> None:
    result = filters(*arguments)
    assert (result.exit_code, result.stdout, result.stderr) == (code, "", f"cnnkit: error: {message}\n")
    assert not Path("out.png").exists() and Path("old.png").read_bytes() == b"old"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param(
            ("--stride", "0"), "Invalid value for '--stride': '0' is no stride, expected a whole", id="stride 0"
        ),
        pytest.param(("--stride", "1x0"), "'1x0' is no stride", id="stride 1x0"),
        pytest.param(("--pool-stride", "-1"), "'-1' is no stride", id="negative stride"),
        pytest.param(("--stride", "9" * 5000), "is no stride", id="more digits than Python reads"),
        pytest.param(("--pool-size", "0"), "Invalid value for '--pool-size': '0' is no size", id="no window"),
        pytest.param(("--size", "1x2x3"), "'1x2x3' is no size", id="three sides"),
        pytest.param(("--padding", "-1"), "-1 is not in the range x>=0", id="padding"),
        pytest.param(
            ("--kernel", "laplace"), "'laplace' is no number up to 1,000,000, expected one of vert", id="kernel"
        ),
        pytest.param(("--kernel", "1,2;3"), "2 rows of 2, 1 numbers, expected rows of one length", id="uneven kernel"),
        pytest.param(("--pool", "min"), "'min' is not one of 'max', 'average'", id="pool"),
    ],
)
def test_values_that_cannot_be_meant(flags: tuple[str, ...], message: str) -> None:
    result = filters("cat.jpg", "-o", "out.png", *flags)
    assert (result.exit_code, result.stdout) == (2, "")
    assert message in result.stderr


def test_overwrite() -> None:
    assert filters("cat.jpg", "-o", "old.png", "--overwrite", "--kernel", "sobel-y").exit_code == 0
    assert cv2.imread("old.png") is not None


def test_without_a_name_for_the_picture() -> None:
    result = filters("cat.jpg")
    assert result.exit_code == 2 and "Missing option '--output' / '-o'" in result.stderr


def test_a_base_install_says_which_extra_is_missing(monkeypatch: pytest.MonkeyPatch) -> None:
    find = importlib.util.find_spec
    monkeypatch.setattr("cnnkit.system.extras.find_spec", lambda name: None if name == "matplotlib" else find(name))
    result = filters("cat.jpg", "-o", "out.png")
    assert (result.exit_code, result.stdout) == (1, "")
    expected = "cnnkit filters needs matplotlib, which is not installed: pip install 'cnnkit[train]'"
    assert result.stderr == f"cnnkit: error: {expected}\n"


@pytest.mark.parametrize(("text", "value"), [("3", (3, 3)), ("2x1", (2, 1)), ("1X4", (1, 4))])
def test_steps(text: str, value: tuple[int, int]) -> None:
    assert steps(text) == value
