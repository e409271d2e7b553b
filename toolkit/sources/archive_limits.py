"""How much an archive may unpack to: a small file that becomes a very large one was made to do harm."""

from __future__ import annotations

import os
from collections.abc import Sequence, Set
from importlib import import_module
from io import BufferedReader
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from zipfile import ZipInfo

MEMBER_BYTES = 2**28  # of a member: so much is held in memory
_RATIO = 200  # times its own size an archive may unpack to, or to `MEMBER_BYTES`: photos hardly shrink at all
_LOCAL_HEADER = 30  # bytes, without the name
_MAGIC = {b"\x1f\x8b": "gzip", b"BZh": "bz2", b"\xfd7zXZ\0": "lzma"}  # the first bytes of a compressed file


def limit_of(source: str) -> int:
    """Returns how many bytes the images of an archive may have in all."""
    return max(MEMBER_BYTES, _RATIO * os.stat(source).st_size)


def too_much(limit: int) -> str:
    """Returns what is wrong with members beyond the limit."""
    return f"more than {limit:,} bytes in all, which is much for an archive of its size: unpack it first"


def shared_bytes(entries: Sequence[ZipInfo]) -> Set[int]:
    """Returns where those members of a zip archive begin that share bytes with another one."""
    shared, end, owner = set[int](), 0, -1
    for entry in sorted(entries, key=lambda entry: entry.header_offset):
        if entry.header_offset < end:
            shared |= {entry.header_offset, owner}
        at = entry.header_offset + _LOCAL_HEADER + len(entry.orig_filename) + entry.compress_size
        end, owner = max((end, owner), (at, entry.header_offset))
    return shared


class LimitedFile:
    """What is in a file, unpacked if it is compressed, up to a limit.

    Args:
        file: Open at its start.
        limit: Bytes.
    """

    def __init__(self, file: BufferedReader, limit: int) -> None:
        head = file.peek(8)[:8]
        packing = next((name for magic, name in _MAGIC.items() if head.startswith(magic)), None)
        self._file: Any = file if packing is None else import_module(packing).open(file)
        self._limit, self._left = limit, limit

    def read(self, size: int) -> bytes:
        """Reads up to so many bytes.

        Raises:
            ValueError: There are more than the limit.
        """
        data: bytes = self._file.read(size)
        self._left -= len(data)
        if self._left < 0:
            raise ValueError(too_much(self._limit))
        return data
