"""An annotated recording that plays at the speed at which things happened."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.system import check_new_file, import_cv2, log

CODECS = {".mp4": "mp4v", ".m4v": "mp4v", ".mov": "mp4v", ".mkv": "mp4v", ".avi": "MJPG"}  # file suffix -> FourCC
_MOST_REPEATED_S = 10.0  # a pause in the source that lasts longer is shortened


class Recorder:
    """Writes a video file of constant frame rate: it repeats frames that came late and leaves out those too many.

    The file is opened at the first frame, whose size it keeps.

    Args:
        path: Where to write; `check_recording` has accepted it.
        rate_hz: Frames a second of the recording.
    """

    def __init__(self, path: Path, rate_hz: float) -> None:
        self._path, self._rate_hz = path, rate_hz
        self._writer: Any = None
        self._size = (0, 0)  # width, height in pixels
        self._written = 0
        self._start_s = 0.0
        self._last: NDArray[np.uint8] | None = None

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time.

        Raises:
            OutputError: The file cannot be opened.
        """
        if self._writer is None:
            self._open(image, seconds)
        image = self._fitted(image)
        due = round((seconds - self._start_s) * self._rate_hz) + 1
        missing = min(due - self._written, round(_MOST_REPEATED_S * self._rate_hz))
        for _ in range(missing - 1):
            self._writer.write(self._last if self._last is not None else image)
        if missing > 0:
            self._writer.write(image)
            self._written = due
        self._last = image

    def close(self) -> None:
        """Completes the file, without which no player opens it.

        Raises:
            OutputError: What was written cannot be read back.
        """
        if self._writer is None:
            log.warning("nothing was recorded: there is no %s", self._path)
            return
        self._writer.release()
        cv2 = import_cv2()
        written = cv2.VideoCapture(str(self._path))
        playable = written.isOpened()
        written.release()
        if not playable:
            raise OutputError(f"the recording {self._path} cannot be played: is the disk full?")

    def _open(self, image: NDArray[np.uint8], seconds: float) -> None:
        cv2 = import_cv2()
        # Encoders take whole blocks of 2 x 2 pixels.
        self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        codec = cv2.VideoWriter_fourcc(*CODECS[self._path.suffix.lower()])
        self._writer = cv2.VideoWriter(str(self._path), codec, self._rate_hz, self._size)
        if not self._writer.isOpened():
            self._writer = None
            raise OutputError(f"cannot record to {self._path}: this OpenCV cannot write such a video, try a .avi file")
        self._start_s = seconds

    def _fitted(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Brings a frame to the recording's size, which a stream may change on its way."""
        width, height = self._size
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) == self._size:
            return image[:height, :width]
        resized: NDArray[np.uint8] = import_cv2().resize(image, self._size)
        return resized


def check_recording(path: Path, *, overwrite: bool) -> None:
    """Refuses, before anything is opened, a file that no recording can or should be written to.

    Raises:
        OutputError: The suffix is not that of a video, the file exists, or its folder cannot be written to.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"cannot record to {path}: expected a file name that ends in {', '.join(CODECS)}")
    check_new_file(path, overwrite=overwrite)
