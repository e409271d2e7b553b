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

_SILENT, _WARNING, _DEBUG = 0, 3, 5
_LOCK = Lock()
_wanting = 0  # threads that want its warnings


@cache
def import_cv2() -> ModuleType:
    """Imports cv2, and keeps its own log off stderr unless OPENCV_LOG_LEVEL asks for it.

    Returns:
        The module `cv2`.

    Raises:
        CnnkitError: OpenCV is not installed, or is and cannot be imported.
    """
    cv2 = import_package(OPENCV)
    _set_log_level(cv2, _SILENT)
    return cv2


@contextmanager
def opencv_warnings() -> Iterator[None]:
    """Lets OpenCV print its warnings on stderr as long as the block lasts, in all threads."""
    global _wanting
    cv2 = import_cv2()
    with _LOCK:
        _wanting += 1
        # What libtiff says is a warning since OpenCV 5 only.
        _set_log_level(cv2, _DEBUG if hasattr(cv2, "setLogLevel") else _WARNING)
    try:
        yield
    finally:
        with _LOCK:
            _wanting -= 1
            if not _wanting:
                _set_log_level(cv2, _SILENT)


def _set_log_level(cv2: ModuleType, level: int) -> None:
    if "OPENCV_LOG_LEVEL" not in os.environ:
        logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # OpenCV 4, OpenCV 5
        logging.setLogLevel(level)
