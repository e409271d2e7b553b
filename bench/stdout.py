"""The stdout of a measuring process belongs to its answers, its stderr to its last words."""

from __future__ import annotations

import os
import re
from typing import TextIO


def claim_stdout() -> TextIO:
    """Returns the process's stdout and gives everybody else stderr in its place: libraries print where they like."""
    replies = os.fdopen(os.dup(1), "w", encoding="utf-8")
    os.dup2(2, 1)
    return replies


def last_words(stderr: bytes) -> str:
    """Returns the last line of what a process wrote, without the class of an error of ours; "" where there is none."""
    lines = stderr.decode(errors="replace").strip().splitlines()
    return re.sub(r"^cnnkit\.errors\.\w+: ", "", lines[-1])[:200] if lines else ""
