"""A window on this machine's display, and how to tell beforehand that there is none."""

from __future__ import annotations

import ctypes
import os
import sys
from collections.abc import Mapping
from pathlib import Path
from types import ModuleType
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import DisplayError
from cnnkit.system import import_cv2

Command = Literal["quit", "pause", "save", "record"]

_KEYS: dict[int, Command] = {
    ord("q"): "quit", ord("Q"): "quit", 27: "quit",  # 27 is Esc
    ord(" "): "pause", ord("s"): "save", ord("S"): "save", ord("r"): "record", ord("R"): "record",
}  # fmt: skip
_LARGEST = (1280, 720)  # pixels of a new window, so that a large frame does not cover the screen
_ALTERNATIVE = "use --headless for JSON lines without a window"


class Window:
    """An OpenCV window that can be resized; only the main thread may touch it.

    Args:
        title: Shown in the window's frame.

    Raises:
        DisplayError: The window system refuses.
    """

    def __init__(self, title: str) -> None:
        self._cv2 = import_cv2()
        self._title = title
        self._shown = False
        try:
            self._cv2.namedWindow(
                title, self._cv2.WINDOW_NORMAL | self._cv2.WINDOW_KEEPRATIO | self._cv2.WINDOW_GUI_NORMAL
            )
        except self._cv2.error as error:
            raise DisplayError(f"no window can be opened ({error.err}): {_ALTERNATIVE}") from error

    def show(self, image: NDArray[np.uint8]) -> None:
        """Shows (H, W, 3) uint8 BGR."""
        if not self._shown:
            self._cv2.resizeWindow(self._title, *_window_size(image.shape[1], image.shape[0]))
        self._cv2.imshow(self._title, image)
        self._shown = True

    def command(self) -> Command | None:
        """Handles the window's events, and returns what a key asks for; the close button asks to quit."""
        key = self._cv2.waitKey(1)
        if self._shown and not self._visible():
            return "quit"
        return _KEYS.get(key & 0xFF) if key >= 0 else None

    def _visible(self) -> bool:
        try:
            visible: float = self._cv2.getWindowProperty(self._title, self._cv2.WND_PROP_VISIBLE)
        except self._cv2.error:
            return False  # how OpenCV 5 answers once its last window is closed
        return visible >= 1

    def close(self) -> None:
        """Closes the window; once more does nothing."""
        self._cv2.destroyAllWindows()


def check_display(environment: Mapping[str, str] = os.environ, platform: str = sys.platform) -> None:
    """Says in one line why no window can be opened, before OpenCV tries: Qt ends the whole process when it cannot.

    Args:
        environment: Environment variables.
        platform: As `sys.platform`.

    Raises:
        DisplayError: This OpenCV was built without windows, or there is no display that can be reached.
    """
    cv2 = import_cv2()
    toolkit = gui_toolkit(cv2.getBuildInformation())
    if toolkit == "NONE":
        raise DisplayError(
            f"this OpenCV was built without windows: {_ALTERNATIVE}, or install opencv-python instead of "
            "opencv-python-headless"
        )
    if not platform.startswith("linux"):
        return
    if not (environment.get("DISPLAY") or environment.get("WAYLAND_DISPLAY")):
        raise DisplayError(f"no display (neither DISPLAY nor WAYLAND_DISPLAY is set): {_ALTERNATIVE}")
    if toolkit.startswith("QT"):
        _check_qt(cv2, environment)


def gui_toolkit(build_information: str) -> str:
    """Returns what draws OpenCV's windows, as its build information says: "QT5", "GTK3", "NONE", ..."""
    for line in build_information.splitlines():
        name, _, value = line.strip().partition(":")
        if name == "GUI":
            return value.strip().upper()
    return "UNKNOWN"


def _check_qt(cv2: ModuleType, environment: Mapping[str, str]) -> None:
    """The Qt in OpenCV's wheels speaks X11 alone and aborts when a library or the X server is missing."""
    plugin = Path(str(cv2.__file__)).parent / "qt" / "plugins" / "platforms" / "libqxcb.so"
    if not plugin.exists() or environment.get("QT_QPA_PLATFORM"):
        return
    try:
        ctypes.CDLL(str(plugin))
        xcb = ctypes.CDLL("libxcb.so.1")
    except OSError as error:
        raise DisplayError(f"no window can be opened, a system library is missing ({error}): {_ALTERNATIVE}") from error
    if not _x_server_answers(xcb, environment.get("DISPLAY", "")):
        shown = environment.get("DISPLAY") or "not set, and this OpenCV does not know Wayland"
        raise DisplayError(f"no X server can be reached (DISPLAY is {shown}): {_ALTERNATIVE}")


def _x_server_answers(xcb: ctypes.CDLL, display: str) -> bool:
    xcb.xcb_connect.restype = ctypes.c_void_p
    xcb.xcb_connection_has_error.argtypes = [ctypes.c_void_p]
    xcb.xcb_disconnect.argtypes = [ctypes.c_void_p]
    connection = xcb.xcb_connect(display.encode(), None)
    answers: bool = xcb.xcb_connection_has_error(connection) == 0
    xcb.xcb_disconnect(connection)
    return answers


def _window_size(width: int, height: int) -> tuple[int, int]:
    """The frame's size, or the largest that fits a common screen in the same proportions."""
    factor = min(1.0, _LARGEST[0] / width, _LARGEST[1] / height)
    return max(1, round(width * factor)), max(1, round(height * factor))
