"""Films and streams opened with the best reader there is: PyAV where the extra "video" is installed, else OpenCV."""

from __future__ import annotations

from functools import cache

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.sources.certificates import check_certificate, checked_by_opencv, tls_options
from cnnkit.sources.moving import decoded, plain
from cnnkit.sources.moving.reasons import unreachable
from cnnkit.sources.moving.redirections import where_it_leads
from cnnkit.sources.moving.shots import Opened, TimeLimits
from cnnkit.sources.moving.web_cameras import open_pictures
from cnnkit.system import log


def open_film(path: str, name: str) -> Opened:
    """Opens a video file.

    Raises:
        SourceError: It is none.
    """
    opened = decoded.open_file(path) if decoded.is_installed() else plain.open_file(path, name)
    if opened is None:
        raise SourceError(f"{name} is no video that can be read: expected an MP4, AVI, MKV or another video file")
    return opened


def open_stream(address: Address, limits: TimeLimits, every_s: float | None = None) -> Opened:
    """Opens a network address.

    Args:
        address: What to open.
        limits: How long it may take.
        every_s: Seconds from one picture to the next where they are asked for one by one; None for one.

    Raises:
        SourceError: With the reason.
    """
    check_certificate(address)
    led = where_it_leads(address, limits)
    if led != address:
        check_certificate(led)
        address = led
    target, name = str(address.target), str(address)
    pictures = open_pictures(address, limits, every_s)
    if pictures is not None:
        return pictures
    if decoded.is_installed():
        return decoded.open_address(target, name, limits, tls_options(address))
    with checked_by_opencv(address):
        opened = plain.open_address(target, name, limits)
    if opened is None:
        why = unreachable(target, limits.open_s) or "cannot be opened: check the path, and user name and password"
        raise SourceError(f"{name} {why}")
    if not opened.recorded:
        _warn(name)
    return opened


@cache
def _warn(name: str) -> None:
    """Says once what is missing, however often a stream is opened again."""
    log.warning(
        "%s: torn and late pictures of a stream are not told from others without the extra video: "
        "pip install 'cnnkit[video]'",
        name,
    )
