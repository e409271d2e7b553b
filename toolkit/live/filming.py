"""Recordings that a key begins and ends."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.live.film_files import LASTING, has_fragments
from cnnkit.live.recording import Recorder
from cnnkit.live.segments import SegmentedRecorder, SegmentOptions, new_path
from cnnkit.system import log


class FilmSwitch:
    """Records into the file that was named from the beginning on, and whenever it is switched on into a new one.

    Args:
        path: Of the first recording; None waits for the switch.
        rate_hz: Frames a second of the recordings.
        segments: How the first recording is divided; None for one file.
        now: Local time, of which later files are named.
    """

    def __init__(
        self,
        path: Path | None,
        rate_hz: float,
        segments: SegmentOptions | None = None,
        now: Callable[[], time.struct_time] = time.localtime,
    ) -> None:
        self._rate_hz, self._now = rate_hz, now
        self._suffix = (".mp4" if has_fragments() else LASTING) if path is None else path.suffix
        self._folder = Path() if path is None else path.parent
        self._recorder: Recorder | SegmentedRecorder | None = None
        if path is not None:
            self._recorder = Recorder(path, rate_hz) if segments is None else SegmentedRecorder(path, rate_hz, segments)

    @property
    def running(self) -> bool:
        """Whether it takes pictures now."""
        return self._recorder is not None

    def write(self, image: NDArray[np.uint8], seconds: float) -> None:
        """Adds (H, W, 3) uint8 BGR as what is seen at `seconds` of the source's time; nothing while it is off.

        Raises:
            OutputError: The file cannot be opened.
        """
        if self._recorder is not None:
            self._recorder.write(image, seconds)

    def toggle(self) -> None:
        """Begins a recording, or ends the one that runs.

        Raises:
            OutputError: The recording cannot be played.
        """
        if self._recorder is not None:
            self.close()
            return
        path = new_path(self._folder, time.strftime("cnnkit-%Y%m%d-%H%M%S", self._now()), self._suffix)
        log.info("recording to %s", path)
        self._recorder = Recorder(path, self._rate_hz)

    def close(self) -> None:
        """Ends the recording that runs, if any.

        Raises:
            OutputError: It cannot be played.
        """
        recorder, self._recorder = self._recorder, None
        if recorder is not None:
            recorder.close()
