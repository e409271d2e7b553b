"""How much memory a process may still take."""

from __future__ import annotations

import re
from pathlib import Path

_KIB = 1024
# A container's limit and what it has taken of it, by cgroup version 2 and 1.
_LIMITS = (("memory.max", "memory.current"), ("memory/memory.limit_in_bytes", "memory/memory.usage_in_bytes"))


def free_memory(root: Path = Path("/")) -> int | None:
    """Returns the bytes that can still be taken before something is swapped out or killed; None where it is unknown.

    On Linux that is MemAvailable, or what a container's limit leaves where that is less. Files that are cached count as
    taken there, which makes the second figure too small rather than too large.

    Args:
        root: Where /proc and /sys are found.
    """
    text = _read(root / "proc" / "meminfo")
    found = re.search(r"^MemAvailable:\s+(\d+) kB$", text, re.MULTILINE)
    if found is None:
        return None
    free = int(found[1]) * _KIB
    for limit, taken in _LIMITS:
        most, now = (_read(root / "sys" / "fs" / "cgroup" / name).strip() for name in (limit, taken))
        if most.isdecimal() and now.isdecimal():
            free = min(free, max(int(most) - int(now), 0))
    return free


def _read(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""  # another system, or no limit
