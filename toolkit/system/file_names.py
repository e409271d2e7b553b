"""Names of files and folders that every system takes and a person can read, whatever text they are made of."""

from __future__ import annotations

import os
import re

# What some system does not take in a name, and what moves the cursor or turns the direction of writing.
_UNSAFE = re.compile('[\x00-\x1f\x7f-\x9f<>:"|?*\ud800-\udfff\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]')
_DEVICE = re.compile(r"(con|prn|aux|nul|(com|lpt)[0-9])(\.|$)", re.IGNORECASE)  # of Windows, in every folder
_MOST_BYTES = 200  # of 255, which leaves room for what is added


def safe_name(text: str) -> str:
    """Returns one part of a path for a text, such as a label: itself where it can be, and never hidden."""
    name = _part(re.sub(r"[/\\]", "_", text)).lstrip(" .")
    return name.encode()[:_MOST_BYTES].decode(errors="ignore").rstrip(" .") or "_"


def safe_path(text: str) -> str:
    """Returns a relative path that leads nowhere but down, whatever the text is; it may be empty."""
    parts = filter(None, map(_part, re.split(r"[/\\]", text)))
    return os.path.join(*parts, "").rstrip(os.sep)


def as_argument(path: str) -> str:
    """Returns a path as a command takes it where options may stand as well: "./-photos" for "-photos"."""
    return os.path.join(os.curdir, path) if path.startswith("-") and path != "-" else path


def _part(text: str) -> str:
    """Returns a part of a path; nothing for one of dots alone."""
    name = _UNSAFE.sub("_", text).lstrip(" ").rstrip(" .")
    return f"_{name}" if _DEVICE.match(name) else name
