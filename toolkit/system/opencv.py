"""OpenCV: imported where it is first needed, and missed with one line about what to install."""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from types import ModuleType

from cnnkit.system.importing import import_package
from cnnkit.system.packages import OPENCV

_SILENT = 0
_STDERR = Lock()  # the descriptor's owner: of two threads the second would take the first one's silence for the stderr


@cache
def import_cv2() -> ModuleType:
    """Imports cv2, and keeps its own log off stderr unless OPENCV_LOG_LEVEL asks for it.

    Returns:
        The module `cv2`.

    Raises:
        CnnkitError: OpenCV is not installed, or is and cannot be imported.
    """
    cv2 = import_package(OPENCV)
    if "OPENCV_LOG_LEVEL" not in os.environ:
        logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # OpenCV 4, OpenCV 5
        logging.setLogLevel(_SILENT)
    return cv2


@contextmanager
def quiet_codecs() -> Iterator[None]:
    """Keeps what libjpeg prints on the process's stderr from being seen.

    The codecs write to file descriptor 2 themselves, past Python and past OpenCV's log. The descriptor belongs to the
    whole process, so this is for rare and short work only.
    """
    with _STDERR, _descriptor_silenced():
        yield


@contextmanager
def _descriptor_silenced() -> Iterator[None]:
    try:
        kept = os.dup(2)
    except OSError:  # a process without stderr shows nothing anyway
        yield
        return
    nowhere = os.open(os.devnull, os.O_WRONLY)
    try:
        os.dup2(nowhere, 2)
        yield
    finally:
        os.dup2(kept, 2)
        os.close(kept)
        os.close(nowhere)
