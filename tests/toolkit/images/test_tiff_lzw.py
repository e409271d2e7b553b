from __future__ import annotations

import numpy as np
import pytest
from image_files import photo
from tiff_files import lzw

from cnnkit.images import tiff_lzw
from cnnkit.images.tiff_layout import PieceSize
from cnnkit.images.tiff_lzw import unpack_lzw

EVEN, ODD = photo(20, 30), photo(19, 31)
LARGE, LARGE_ODD = photo(40, 60), photo(41, 61)
SIDE = 2**10  # pixels, of which OpenCV takes 2**20: so much are those of the small pictures, and not of the large ones


def packed_rows(pixels: np.ndarray) -> tuple[bytes, PieceSize]:
    return lzw(pixels.tobytes()), PieceSize(len(pixels), pixels[0].nbytes, len(pixels))


def without_end(packed: bytes) -> bytes:
    """Makes the last code, which ends the piece, one that means nothing there."""
    number = int.from_bytes(packed, "big")
    return (number & (number - 1)).to_bytes(len(packed), "big")


def filled_up(packed: bytes) -> bytes:
    return packed + b"\0\0"


@pytest.fixture(autouse=True)
def narrow(monkeypatch):
    monkeypatch.setattr(tiff_lzw, "_OPENCV_SIDE", SIDE)


@pytest.fixture
def decodings(monkeypatch):
    """The numbers of pieces that OpenCV is given at once."""
    found, decode = [], tiff_lzw._decode_gray

    def counted(pieces, *rest):
        found.append(len(pieces))
        return decode(pieces, *rest)

    monkeypatch.setattr(tiff_lzw, "_decode_gray", counted)
    return found


@pytest.mark.parametrize("pixels", [EVEN, ODD, LARGE, LARGE_ODD], ids=["even", "odd", "large", "large-odd"])
@pytest.mark.parametrize("written", [bytes, filled_up], ids=["as-written", "filled-up"])
def test_a_whole_piece_is_unpacked_once(pixels, written, decodings):
    packed, size = packed_rows(pixels)
    assert unpack_lzw([written(packed)], size).tobytes() == pixels.tobytes()
    assert decodings == [1]


def test_many_pieces_are_unpacked_at_once(decodings):
    packed, size = packed_rows(ODD)
    unpacked = unpack_lzw([packed] * 7, size)
    assert unpacked.reshape(7, -1).tobytes() == ODD.tobytes() * 7
    assert decodings == [7]


@pytest.mark.parametrize("pixels", [EVEN, ODD, LARGE], ids=["even", "odd", "large"])
def test_a_piece_without_an_end_is_read_as_well(pixels):
    packed, size = packed_rows(pixels)
    assert unpack_lzw([without_end(packed)], size).tobytes() == pixels.tobytes()


@pytest.mark.parametrize("rows", [-1, 1], ids=["too-little", "too-much"])
def test_a_piece_that_gives_too_little_or_too_much_is_named(rows):
    packed, size = packed_rows(EVEN)
    assert (
        unpack_lzw(
            [packed, packed, lzw(EVEN.tobytes() + EVEN[:1].tobytes()) if rows > 0 else lzw(EVEN[:-1].tobytes())], size
        )
        == 2
    )
