"""OpenCV: imported where it is first needed, and missed with one line about what to install."""

from __future__ import annotations

import importlib
import os
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from threading import Lock
from types import ModuleType

from cnnkit.errors import CnnkitError

# Shared libraries of a desktop that the wheel of opencv-python links to and a server or container lacks.
_DESKTOP_LIBRARIES = ("libGL", "libgthread", "libglib", "libSM", "libXext", "libXrender", "libX11", "libxcb", "libEGL")
_SILENT = 0
_STDERR = Lock()  # the descriptor's owner: of two threads the second would take the first one's silence for the stderr


@cache
def import_cv2() -> ModuleType:
    """Imports cv2, and keeps its own log off stderr unless OPENCV_LOG_LEVEL asks for it.

    Returns:
        The module `cv2`.

    Raises:
        CnnkitError: OpenCV is not installed, or a system library that it needs is not.
    """
    try:
        cv2 = importlib.import_module("cv2")
    except ImportError as error:
        raise CnnkitError(_what_to_install(error)) from error
    if "OPENCV_LOG_LEVEL" not in os.environ:
        logging = cv2 if hasattr(cv2, "setLogLevel") else cv2.utils.logging  # OpenCV 4, OpenCV 5
        logging.setLogLevel(_SILENT)
    return cv2


def _what_to_install(error: ImportError) -> str:
    if error.name == "cv2" and isinstance(error, ModuleNotFoundError):
        return "OpenCV is not installed: pip install opencv-python, or opencv-python-headless where no window is wanted"
    if any(library in str(error) for library in _DESKTOP_LIBRARIES):
        return (
            f"OpenCV cannot start ({error}): apt install libgl1 libglib2.0-0, or, where no window is wanted, "
            "pip uninstall opencv-python and pip install opencv-python-headless"
        )
    return f"OpenCV cannot start ({error}): pip install --force-reinstall opencv-python"


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
