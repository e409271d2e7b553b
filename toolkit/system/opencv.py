"""OpenCV: imported where it is first needed, and missed with one line about what to install."""

from __future__ import annotations

import os
from functools import cache
from types import ModuleType

from cnnkit.system.importing import import_package
from cnnkit.system.packages import OPENCV

_SILENT = 0


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
