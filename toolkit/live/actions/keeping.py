"""`--keep-frames`: pictures of changes, and of what the model is unsure about, for the next training."""

from __future__ import annotations

import time
from collections import deque
from collections.abc import Callable
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from cnnkit.classifier import Prediction
from cnnkit.errors import OutputError
from cnnkit.live.actions.changes import Lasting
from cnnkit.live.outputs import Observation
from cnnkit.system import import_cv2, log, make_folder, safe_name, write_bytes

_HOUR_S = 3600.0
_QUALITY = 95


class FrameKeeper:
    """Saves what was classified, with nothing drawn on it, in a folder of the label that the model gave it.

    Args:
        folder: Has a folder a label; whoever trains on them sorts them first.
        for_s: How long a change must last.
        unsure: A frame whose label is less likely is saved; None saves changes alone.
        most_an_hour: Pictures of changes, and as many of unsure frames, which come at even distances.
        clock: Seconds.
        now: Local time, of which files are named.
        camera: Its number, where there are several.
    """

    def __init__(
        self,
        folder: Path,
        for_s: float,
        unsure: float | None,
        most_an_hour: int,
        clock: Callable[[], float] = time.monotonic,
        now: Callable[[], time.struct_time] = time.localtime,
        camera: int | None = None,
    ) -> None:
        self._whose = "" if camera is None else f"{camera}-"
        self._folder, self._unsure, self._most = folder, unsure, most_an_hour
        self._clock, self._now = clock, now
        self._lasting = Lasting(for_s)
        self._changes_s: deque[float] = deque(maxlen=most_an_hour)
        self._unsure_s = -_HOUR_S

    def write(self, observation: Observation) -> None:
        """Saves the picture of an observation, if it is one to keep."""
        prediction, pixels = observation.prediction, observation.frame.pixels
        label = None if prediction is None else prediction.label
        changed = self._lasting.update((observation.signal, label), observation.frame.seconds)
        if prediction is None or pixels is None:
            return
        if changed and self._may_keep_change():
            self._save(observation, pixels, prediction.label, "change")
        elif self._unsure is not None and _sureness(prediction) < self._unsure and self._may_keep_unsure():
            self._save(observation, pixels, prediction.label, f"unsure-{100 * _sureness(prediction):02.0f}")

    def _may_keep_change(self) -> bool:
        now_s = self._clock()
        if len(self._changes_s) == self._most and now_s - self._changes_s[0] < _HOUR_S:
            return False
        self._changes_s.append(now_s)
        return True

    def _may_keep_unsure(self) -> bool:
        now_s = self._clock()
        if now_s - self._unsure_s < _HOUR_S / self._most:
            return False
        self._unsure_s = now_s
        return True

    def _save(self, observation: Observation, pixels: NDArray[np.uint8], label: str, why: str) -> None:
        """Says on stderr why a picture is not saved: a live view does not end for that."""
        pixels = pixels if observation.box is None else observation.box.cut(pixels)
        stem = f"{time.strftime('%Y%m%d-%H%M%S', self._now())}-{self._whose}{observation.frame.number}-{why}"
        folder = self._folder / safe_name(label)
        try:
            make_folder(folder)
            cv2 = import_cv2()
            _, data = cv2.imencode(".jpg", pixels, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
            write_bytes(folder / f"{stem}.jpg", data.tobytes())
        except OutputError as error:
            log.error("%s", error)


def _sureness(prediction: Prediction) -> float:
    """Returns how likely an answer is, 0 to 1: of several labels the least likely, of none that none is right."""
    if not prediction.top:
        return 1 - prediction.confidence
    names = ", ".join(candidate.label for candidate in prediction.top)
    several = sorted(prediction.label.split(", ")) == sorted(names.split(", "))
    return prediction.top[-1].probability if several else prediction.confidence
