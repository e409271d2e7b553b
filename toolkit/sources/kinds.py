"""What a SOURCE is, told by its name alone."""

from __future__ import annotations

import os
import re

from cnnkit.system import shown_address

ZIP_SUFFIXES = (".zip",)
TAR_SUFFIXES = (".tar", ".tar.gz", ".tgz", ".tar.bz2", ".tbz2", ".tar.xz", ".txz")
VIDEO_SUFFIXES = frozenset({
    ".mp4", ".m4v", ".mov", ".mkv", ".avi", ".webm", ".mpg", ".mpeg", ".wmv", ".flv", ".3gp", ".ogv", ".mts", ".m2ts",
    ".ts", ".h264", ".264", ".h265", ".265", ".hevc", ".mjpeg", ".mjpg",
})  # fmt: skip
# Folders that macOS and Synology put beside files, with pictures of their own; and what disks hold of their own.
_SYSTEMS = ("__MACOSX", "@eaDir", "$RECYCLE.BIN", "System Volume Information", "lost+found")
_WEB = ("http://", "https://")
_SCHEME = re.compile(r"[A-Za-z][A-Za-z0-9+.-]*://")


def is_web_address(source: str) -> bool:
    """Tells an http or https address from a path."""
    return source[:8].lower().startswith(_WEB)


def is_other_address(source: str) -> bool:
    """Tells an address of another kind, such as rtsp, from a path."""
    return _SCHEME.match(source) is not None and not is_web_address(source)


def shown_source(source: str) -> str:
    """Returns a SOURCE as it may be shown: a path that exists as it is, all else without what may be a secret."""
    is_path = _SCHEME.match(source) is None and os.path.lexists(source)
    return source if is_path else shown_address(source)


def is_hidden(name: str) -> bool:
    """Whether a file or folder is hidden, or one of those that operating systems add, by its name without its path."""
    return name.startswith(".") or name in _SYSTEMS


def is_archive(source: str) -> bool:
    """Tells a zip or tar archive from other files."""
    return source.lower().endswith((*ZIP_SUFFIXES, *TAR_SUFFIXES))


def is_video(source: str) -> bool:
    """Tells a video from other files."""
    return os.path.splitext(source)[1].lower() in VIDEO_SUFFIXES
