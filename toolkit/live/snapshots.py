"""Single frames, saved when a key is pressed."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from cnnkit.errors import OutputError
from cnnkit.live.outputs import Observation
from cnnkit.live.segments import new_path
from cnnkit.system import import_cv2, log, write_bytes


def save_frame(
    observation: Observation, folder: Path = Path(), now: Callable[[], time.struct_time] = time.localtime
) -> Path | None:
    """Saves a frame as it came, with nothing drawn on it, as a PNG named of the time.

    Says on stderr where it is, or why it is not: a live view does not end for that.

    Returns:
        Its path; None where it was not saved.
    """
    if observation.frame.pixels is None:
        log.warning("there is no picture to save")
        return None
    path = new_path(folder, time.strftime("cnnkit-%Y%m%d-%H%M%S", now()), ".png")
    _, data = import_cv2().imencode(".png", observation.frame.pixels)
    try:
        write_bytes(path, data.tobytes())
    except OutputError as error:
        log.error("%s", error)
        return None
    log.info("saved %s", path)
    return path
