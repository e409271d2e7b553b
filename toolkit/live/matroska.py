"""Matroska files of JPEG pictures, complete after every picture: whatever ends the process, all of them can be played.

OpenCV keeps up to 256 KiB of any file back until it is closed, and of an .mp4 what makes it playable.
Source: RFC 9559 (Matroska), RFC 8794 (EBML).
"""

from __future__ import annotations

import struct
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.system import import_cv2

_QUALITY = 85
_UNKNOWN = b"\x01" + b"\xff" * 7  # a length: to the end of the file
_VIDEO, _KEY = 1, 0x80


class JpegFile:
    """Written with OpenCV's JPEG encoder, a cluster a picture.

    Args:
        path: An .mkv file.
        rate_hz: Frames a second.
        size: Width and height in pixels.

    Raises:
        OutputError: It cannot be written.
    """

    def __init__(self, path: Path, rate_hz: float, size: tuple[int, int]) -> None:
        self._path, self._rate_hz, self._count = path, rate_hz, 0
        try:
            self._file = open(path, "wb", buffering=0)  # noqa: SIM115 - closed by close()
        except OSError as error:
            raise self._unwritable(error) from None
        self._write(_head(rate_hz, size))

    def write(self, image: NDArray[np.uint8]) -> None:
        """Adds (H, W, 3) uint8 BGR of the file's size.

        Raises:
            OutputError: The disk is full, or gone.
        """
        cv2 = import_cv2()
        _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
        at_ms = round(1000 * self._count / self._rate_hz)
        self._count += 1
        block = bytes([0x80 | _VIDEO]) + struct.pack(">hB", 0, _KEY) + data.tobytes()
        self._write(
            _element(0x1F43B675, _number(0xE7, at_ms) + _element(0xA3, block))
        )  # Cluster, Timestamp, SimpleBlock

    def close(self) -> None:
        """Gives the file back, which is complete already."""
        self._file.close()

    def _write(self, data: bytes) -> None:
        left = memoryview(data)
        try:
            while left:
                left = left[self._file.write(left) :]
        except OSError as error:
            self._file.close()
            raise self._unwritable(error) from None

    def _unwritable(self, error: OSError) -> OutputError:
        return OutputError(f"the recording {self._path} cannot be written: {error.strerror}")


def _head(rate_hz: float, size: tuple[int, int]) -> bytes:
    """Returns all that comes before the first picture: the segment has no length, and goes on to the file's end."""
    ebml = _element(
        0x1A45DFA3, _element(0x4282, b"matroska") + _number(0x4287, 4) + _number(0x4285, 2)
    )  # EBML: DocType, DocTypeVersion, DocTypeReadVersion
    info = _element(
        0x1549A966, _number(0x2AD7B1, 1_000_000) + _element(0x4D80, b"cnnkit") + _element(0x5741, b"cnnkit")
    )
    video = _element(0xE0, _number(0xB0, size[0]) + _number(0xBA, size[1]))  # PixelWidth, PixelHeight
    track = _number(0xD7, _VIDEO) + _number(0x73C5, 1) + _number(0x83, 1) + _element(0x86, b"V_MJPEG")
    track += _number(0x23E383, round(1e9 / rate_hz)) + video  # DefaultDuration
    return ebml + bytes.fromhex("18538067") + _UNKNOWN + info + _element(0x1654AE6B, _element(0xAE, track))


def _element(kind: int, content: bytes) -> bytes:
    return kind.to_bytes((kind.bit_length() + 7) // 8, "big") + (len(content) | 1 << 56).to_bytes(8, "big") + content


def _number(kind: int, value: int) -> bytes:
    return _element(kind, value.to_bytes(max(1, (value.bit_length() + 7) // 8), "big"))
