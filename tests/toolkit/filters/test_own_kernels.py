from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnkit.errors import UsageError
from cnnkit.filters import KERNELS, find_kernel
from cnnkit.filters.drawing import shades
from cnnkit.filters.filtering import Filtered

SHARP = ((0, -1, 0), (-1, 5, -1), (0, -1, 0))


@pytest.mark.parametrize(
    ("text", "rows"),
    [
        pytest.param("0,-1,0;-1,5,-1;0,-1,0", SHARP, id="commas"),
        pytest.param("0 -1 0; -1 5 -1; 0 -1 0;", SHARP, id="blanks, and a semicolon at the end"),
        pytest.param("-1,0,1", ((-1, 0, 1),), id="one row"),
        pytest.param("-1;0;1", ((-1,), (0,), (1,)), id="one column"),
        pytest.param("7", ((7,),), id="one number"),
        pytest.param("1/4,.5,1e-2", ((0.25, 0.5, 0.01),), id="fractions"),
    ],
)
def test_kernels_written_as_numbers(text: str, rows: tuple[tuple[float, ...], ...]) -> None:
    kernel = find_kernel(text)
    assert (kernel.name, kernel.title) == ("own", f"own {len(rows)} × {len(rows[0])}")
    assert kernel.rows == rows and kernel.weights().dtype == np.float64


def test_names_come_first_and_files_have_theirs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("sobel-x").write_text("7")
    Path("emboss.txt").write_text("# an emboss\n-2, -1, 0\n\n-1 1 1  # in the middle\n0,1,2\n", encoding="utf-8")
    assert find_kernel("sobel-x") is KERNELS["sobel-x"]
    kernel = find_kernel("emboss.txt")
    assert (kernel.title, kernel.rows) == ("emboss", ((-2, -1, 0), (-1, 1, 1), (0, 1, 2)))


@pytest.mark.parametrize(
    ("text", "wrong"),
    [
        pytest.param("1,2;3", "2 rows of 2, 1 numbers, expected rows of one length, 31 at most each way", id="uneven"),
        pytest.param("", "0 rows of 0 numbers", id="empty"),
        pytest.param(";".join(["1"] * 32), "32 rows of 1, 1, 1, 1, 1, 1, 1, 1 numbers, expected", id="tall"),
        pytest.param(",".join(["1"] * 32), "1 rows of 32 numbers", id="wide"),
        pytest.param("0,0;0,0", "all weights are 0", id="zeros"),
        pytest.param("sobel", "'sobel' is no number up to 1,000,000, expected one of vertical-edges, ", id="word"),
        pytest.param("1,nan", "'nan' is no number", id="not a number"),
        pytest.param("inf,1", "'inf' is no number", id="endless"),
        pytest.param("1/0,1", "'1/0' is no number", id="divided by 0"),
        pytest.param("1e999999999,1", "'1e999999999' is no number", id="huge"),
        pytest.param("folder", "folder is no file, expected one of", id="folder"),
        pytest.param("large.txt", "large.txt is no text file of up to 65,536 bytes", id="large file"),
        pytest.param("bytes.txt", "bytes.txt is no text file", id="no text"),
    ],
)
def test_what_is_no_kernel(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str, wrong: str) -> None:
    monkeypatch.chdir(tmp_path)
    Path("folder").mkdir()
    Path("large.txt").write_text("1 " * 40_000)
    Path("bytes.txt").write_bytes(b"\x89PNG\0")
    with pytest.raises(UsageError) as raised:
        find_kernel(text)
    assert str(raised.value).startswith(f"--kernel {text}") and wrong in str(raised.value)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        pytest.param("1/9 1/9 1/9;1/9 1/9 1/9;1/9 1/9 1/9", (0, 255), id="a mean"),
        pytest.param("1/3,1/3,-2/3", (-50, 50), id="a sum of 0 but for rounding"),
        pytest.param("-1/4", (-63.75, 0), id="negative"),
    ],
)
def test_what_is_drawn_black_and_white(text: str, expected: tuple[float, float]) -> None:
    convolved = np.linspace(-50, 50, 1001)[None]
    assert shades(Filtered(find_kernel(text), convolved, convolved)) == pytest.approx(expected, abs=0.3)
