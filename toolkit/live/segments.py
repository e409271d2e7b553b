"""A recording in pieces of some minutes, of which the oldest make room for new ones."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import OutputError
from cnnkit.live.recording import Recorder
from cnnkit.system import log

_LOOK_S = 2.0  # between two looks at how much the pieces take


@dataclass(frozen=True)
class SegmentOptions:
    """How a recording is divided."""

    length_s: float  # seconds of a piece
    keep_bytes: int | None = None  # what all pieces may take; None for no limit


class SegmentedRecorder:
    """Records into "out-20260131-090500.mp4" and so on.

    Args:
        path: "out.mp4", of which the names of the pieces are made.
        rate_hz: Frames a second.
        options: See there.
        now: Local time.
    """

    def __init__(
        self,
        path: Path,
        rate_hz: float,
        options: SegmentOptions,
        now: Callable[[], time.struct_time] = time.localtime,
    ) -> None:
        self._path, self._rate_hz, self._options, self._now = path, rate_hz, options, now
        self._recorder: Recorder | None = None
        self._current: Path | None = None
        self._start_s = self._looked_s = 0.0

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time.

        Raises:
            OutputError: The file cannot be written, or the piece before cannot be played.
        """
        if self._recorder is not None and seconds - self._start_s >= self._options.length_s:
            self.close()
        if self._recorder is None:
            stem = f"{self._path.stem}-{time.strftime('%Y%m%d-%H%M%S', self._now())}"
            self._current = new_path(self._path.parent, stem, self._path.suffix)
            self._recorder, self._start_s, self._looked_s = Recorder(self._current, self._rate_hz), seconds, -1e9
        if seconds - self._looked_s >= _LOOK_S:
            self._looked_s = seconds
            self._make_room()
        self._recorder.write(image, seconds)

    def close(self) -> None:
        """Completes the piece at hand.

        Raises:
            OutputError: It cannot be played.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()

    def _make_room(self) -> None:
        """Deletes the oldest pieces of this recording, never the one at hand."""
        if self._options.keep_bytes is None:
            return
        pieces = dict(self._pieces())
        total = sum(pieces.values())
        for path, size in pieces.items():
            if total <= self._options.keep_bytes or path == self._current:
                return
            log.debug("%s makes room for newer recordings", path)
            try:
                path.unlink(missing_ok=True)
            except OSError as error:
                raise OutputError(f"{path} cannot be deleted to make room: {error.strerror}") from error
            total -= size

    def _pieces(self) -> Iterator[tuple[Path, int]]:
        """Gives the files and their bytes, from the oldest on; names sort by time. Others may delete some meanwhile."""
        mine = re.compile(rf"{re.escape(self._path.stem)}-\d{{8}}-\d{{6}}(-\d+)?{re.escape(self._path.suffix)}")
        found = [path for path in self._path.parent.iterdir() if mine.fullmatch(path.name)]
        for path in sorted(found, key=lambda path: (path == self._current, path.name)):
            with suppress(FileNotFoundError):
                yield path, path.stat().st_size


def new_path(folder: Path, stem: str, suffix: str) -> Path:
    """Returns a path at which nothing stands yet: "stem.png", "stem-2.png", ..."""
    path, number = folder / f"{stem}{suffix}", 1
    while path.exists():
        number += 1
        path = folder / f"{stem}-{number}{suffix}"
    return path
