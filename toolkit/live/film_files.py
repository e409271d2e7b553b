"""Video files that are written frame by frame: in fragments that survive the end of the process, or as OpenCV does."""

from __future__ import annotations

import shutil
from fractions import Fraction
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.live.matroska import JpegFile
from cnnkit.system import import_cv2

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}  # file suffix -> FourCC
LASTING = ".mkv"  # the suffix of a file that plays up to its last picture without PyAV, too
_NAMES = {"mp4v": ("mpeg4", "yuv420p"), "MJPG": ("mjpeg", "yuvj420p")}  # FourCC -> FFmpeg's codec and pixels
_FRAGMENTS = {"movflags": "frag_keyframe+empty_moov+default_base_moof"}
_OPTIONS = {".mp4": _FRAGMENTS, ".m4v": _FRAGMENTS, ".mov": _FRAGMENTS, ".mkv": {"cluster_time_limit": "1000"}}
_BITS_A_PIXEL = 0.2
_LEAST_FREE_BYTES = 32 * 2**20  # on the disk, below which OpenCV would lose frames without a word
_EACH = 25  # frames, after which that is looked at


class FilmFile(Protocol):
    """An open file."""

    def write(self, image: NDArray[np.uint8]) -> None:
        """Adds (H, W, 3) uint8 BGR of the file's size.

        Raises:
            OutputError: The disk is full, or gone.
        """
        ...

    def close(self) -> None:
        """Completes the file.

        Raises:
            OutputError: What was written cannot be played.
        """
        ...


def open_film_file(path: Path, rate_hz: float, size: tuple[int, int]) -> FilmFile:
    """Opens a file of constant frame rate.

    Args:
        path: With one of the suffixes of `CODECS`.
        rate_hz: Frames a second.
        size: Width and height in pixels, both even.

    Raises:
        OutputError: It cannot be written.
    """
    if has_fragments():
        return FragmentedFile(path, rate_hz, size)
    return JpegFile(path, rate_hz, size) if path.suffix.lower() == LASTING else PlainFile(path, rate_hz, size)


def has_fragments() -> bool:
    """Whether PyAV is here, with which files of all kinds are written in fragments: the extra "video"."""
    return find_spec("av") is not None


class FragmentedFile:
    """Written with PyAV, a key frame and a fragment a second: killed, it can be played up to the last of them."""

    def __init__(self, path: Path, rate_hz: float, size: tuple[int, int]) -> None:
        import av

        self._av, self._path, self._count = av, path, 0
        codec, pixels = _NAMES[CODECS[path.suffix.lower()]]
        self._rate = Fraction(rate_hz).limit_denominator(1001)
        try:
            options = {"flush_packets": "1", **_OPTIONS.get(path.suffix.lower(), {})}
            self._container: Any = av.open(str(path), "w", options=options)
        except (av.FFmpegError, ValueError) as error:
            raise _unwritable(path, error) from None
        self._stream: Any = self._container.add_stream(codec, rate=self._rate)
        self._stream.width, self._stream.height = size
        self._stream.pix_fmt = pixels
        self._stream.bit_rate = round(size[0] * size[1] * rate_hz * _BITS_A_PIXEL)
        self._stream.codec_context.gop_size = max(1, round(rate_hz))

    def write(self, image: NDArray[np.uint8]) -> None:
        frame = self._av.VideoFrame.from_ndarray(np.ascontiguousarray(image), format="bgr24")
        frame.pts, frame.time_base = self._count, 1 / self._rate
        self._count += 1
        self._mux(frame)

    def close(self) -> None:
        try:
            self._mux(None)
        finally:
            self._container.close()

    def _mux(self, frame: Any) -> None:
        try:
            self._container.mux(self._stream.encode(frame))
        except self._av.FFmpegError as error:
            raise _unwritable(self._path, error) from None


class PlainFile:
    """Written with OpenCV, which completes it at its end alone and says nothing of a disk that is full."""

    def __init__(self, path: Path, rate_hz: float, size: tuple[int, int]) -> None:
        cv2 = import_cv2()
        self._path, self._count = path, 0
        codec = cv2.VideoWriter_fourcc(*CODECS[path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(path), codec, rate_hz, size)
        if not self._writer.isOpened():
            raise OutputError(f"cannot record to {path}: this OpenCV cannot write such a video, try a .avi file")

    def write(self, image: NDArray[np.uint8]) -> None:
        if self._count % _EACH == 0 and shutil.disk_usage(self._path.parent).free < _LEAST_FREE_BYTES:
            raise OutputError(f"the recording {self._path} ends: the disk is full")
        self._count += 1
        self._writer.write(image)

    def close(self) -> None:
        self._writer.release()
        written = import_cv2().VideoCapture(str(self._path))
        playable = written.isOpened()
        written.release()
        if not playable:
            raise OutputError(f"the recording {self._path} cannot be played: is the disk full?")


def _unwritable(path: Path, error: Exception) -> OutputError:
    return OutputError(f"the recording {path} cannot be written: {getattr(error, 'strerror', None) or error}")
