"""An annotated recording that plays at the speed at which things happened."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.live.film_files import CODECS, LASTING, FilmFile, has_fragments, open_film_file
from cnnkit.system import check_new_file, import_cv2, log

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
        self._file: FilmFile | None = None
        self._size = (0, 0)  # width, height in pixels
        self._written = 0
        self._start_s = 0.0
        self._last: NDArray[np.uint8] | None = None

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time.

        Raises:
            OutputError: The file cannot be opened.
        """
        if self._file is None:
            self._file = self._open(image, seconds)
        image = self._fitted(image)
        due = round((seconds - self._start_s) * self._rate_hz) + 1
        missing = min(due - self._written, round(_MOST_REPEATED_S * self._rate_hz))
        for _ in range(missing - 1):
            self._file.write(self._last if self._last is not None else image)
        if missing > 0:
            self._file.write(image)
            self._written = due
        self._last = image

    def close(self) -> None:
        """Completes the file.

        Raises:
            OutputError: What was written cannot be read back.
        """
        if self._file is None:
            log.warning("nothing was recorded: there is no %s", self._path)
            return
        self._file.close()

    def _open(self, image: NDArray[np.uint8], seconds: float) -> FilmFile:
        # Encoders take whole blocks of 2 x 2 pixels.
        self._size = (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2)
        self._start_s = seconds
        return open_film_file(self._path, self._rate_hz, self._size)

    def _fitted(self, image: NDArray[np.uint8]) -> NDArray[np.uint8]:
        """Brings a frame to the recording's size, which a stream may change on its way."""
        width, height = self._size
        if (image.shape[1] // 2 * 2, image.shape[0] // 2 * 2) == self._size:
            return image[:height, :width]
        resized: NDArray[np.uint8] = import_cv2().resize(image, self._size)
        return resized


def check_recording(path: Path, *, overwrite: bool, pieces: bool = False) -> None:
    """Refuses, before anything is opened, a file that no recording can or should be written to; warns of a fragile one.

    Args:
        path: The file.
        overwrite: Whether it may exist.
        pieces: Whether it is but a pattern for the names of files.

    Raises:
        OutputError: The suffix is not that of a video, the file exists, or its folder cannot be written to.
    """
    if path.suffix.lower() not in CODECS:
        raise OutputError(f"cannot record to {path}: expected a file name that ends in {', '.join(CODECS)}")
    check_new_file(path, overwrite=overwrite or pieces)
    if path.suffix.lower() != LASTING and not has_fragments():
        log.warning(
            "%s cannot be played, or lacks its last seconds, where a power cut ends the process: record to a %s file, "
            "or pip install 'cnnkit[video]'",
            path, LASTING,
        )  # fmt: skip
