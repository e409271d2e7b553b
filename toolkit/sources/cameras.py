"""The cameras of this machine, with their names where the system tells them."""

from __future__ import annotations

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from cnnkit.system import import_cv2

_LINUX = Path("/sys/class/video4linux")
_LASTING = Path("/dev/v4l/by-id")
_TRIED = 8  # indices, where the system lists no cameras


@dataclass(frozen=True)
class Camera:
    """One that --source can name."""

    source: str  # "/dev/video0", or an index
    name: str | None  # "HD Webcam"; None where the system does not say
    lasting: str | None = None  # another name for it, which it keeps whatever else is plugged in; None for none


def list_cameras(platform: str = sys.platform, devices: Path = _LINUX, links: Path = _LASTING) -> list[Camera]:
    """Lists the cameras, without opening them where the system lists them itself.

    Args:
        platform: As `sys.platform`.
        devices: Where Linux lists video devices.
        links: Where it has links to them that are named after the camera.
    """
    if platform.startswith("linux"):
        return sorted(_linux_cameras(devices, _linked(links)), key=lambda camera: (len(camera.source), camera.source))
    return [Camera(str(index), None) for index in range(_TRIED) if _opens(index)]


def _linux_cameras(devices: Path, lasting: Mapping[str, str]) -> list[Camera]:
    """A camera has several devices, the first of which gives its pictures, the others what is known about them."""
    found = devices.glob("video[0-9]*")
    return [
        Camera(f"/dev/{path.name}", _text(path / "name"), lasting.get(path.name))
        for path in found
        if _text(path / "index") in (None, "0")
    ]


def _linked(links: Path) -> dict[str, str]:
    """Returns "video0" -> "/dev/v4l/by-id/usb-...", the first of several."""
    found = sorted(links.glob("*"), reverse=True)
    return {path.resolve().name: str(path) for path in found}


def _text(path: Path) -> str | None:
    try:
        return path.read_text(errors="replace").strip() or None
    except OSError:
        return None


def _opens(index: int) -> bool:
    capture = import_cv2().VideoCapture(index)
    opened: bool = capture.isOpened()
    capture.release()
    return opened


def cameras_present() -> tuple[str, ...]:
    """Lists the video devices of a Linux machine; other systems do not list theirs."""
    return tuple(sorted(map(str, Path("/dev").glob("video[0-9]*")))) if sys.platform.startswith("linux") else ()
