"""The most memory this process has held so far."""

from __future__ import annotations

import re
import sys
from pathlib import Path

STATUS = Path("/proc/self/status")


def peak_memory_bytes() -> int | None:
    """Returns the peak resident memory of this process; None on systems that do not tell (Windows)."""
    if STATUS.is_file():
        return peak_of_status(STATUS.read_text(encoding="utf-8"))
    if sys.platform == "win32":
        return None
    import resource

    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak if sys.platform == "darwin" else peak * 1024  # macOS counts bytes, the others KiB


def peak_of_status(text: str) -> int | None:
    """Returns the peak in the text of /proc/self/status.

    On Linux ru_maxrss would not do: a process that was started by a large one inherits that one's peak.
    """
    match = re.search(r"^VmHWM:\s*(\d+) kB$", text, re.MULTILINE)
    return int(match.group(1)) * 1024 if match else None
