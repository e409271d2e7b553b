"""JPEG files taken out of what comes in without an end: parts of a multipart response, or one behind the other."""

from __future__ import annotations

import re
from collections.abc import Iterator

_MOST_BYTES = 2**26  # of one picture
_BEHIND = 64  # bytes, at most, that cameras send behind a file and count with it
_BEGIN, _END = b"\xff\xd8", b"\xff\xd9"
_LENGTH = re.compile(rb"content-length:\s*(\d{1,9})", re.IGNORECASE)
_HEAD_END = re.compile(rb"\r?\n\r?\n")
_FILLING = re.compile(rb"\0*")
_MARKER = re.compile(rb"(?:^|\n)(--[^\r\n]{1,200}?)[ \t]*\r?\n(?:[\w-]+:|\r?\n)")  # a line in front of a head


class MultipartSplitter:
    """Takes a multipart/x-mixed-replace response apart.

    A part ends after the length that its head gives, at once, or in front of the next boundary, if that comes earlier:
    such a part was cut on its way. So does one whose head gives less than its JPEG file has. Cameras announce no
    boundary, or another one than they send: then it is the first line in front of a head.

    Args:
        boundary: As the response's type gives it; empty where it gives none.
    """

    def __init__(self, boundary: str) -> None:
        name = boundary.strip('" ').lstrip("-").encode("latin-1", "replace")
        self._announced = b"--" + name if name else None
        self._marker: bytes | None = None
        self._data = bytearray()

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Takes bytes, and gives the bodies of the parts that they complete."""
        self._data += data
        self._marker = self._marker or self._found_marker()
        while (body := self._next()) is not None:
            yield body
        if len(self._data) > _MOST_BYTES:
            self._data.clear()

    def _found_marker(self) -> bytes | None:
        if self._announced is not None and self._announced in self._data:
            return self._announced
        found = _MARKER.search(self._data)
        return None if found is None else found[1]

    def _next(self) -> bytes | None:
        if self._marker is None:
            return None
        start = self._data.find(self._marker)
        head = None if start < 0 else _HEAD_END.search(self._data, start)
        if head is None:
            return None
        length = _LENGTH.search(self._data, start, head.start())
        end = self._data.find(self._marker, head.end())
        if length is not None:
            told = head.end() + int(length[1])
            if len(self._data) < told and end < 0:
                return None
            if (told <= end or end < 0) and _is_whole(self._data[head.end() : told]):
                body = bytes(self._data[head.end() : told])
                del self._data[:told]
                return body
        if end < 0:
            return None
        body = bytes(self._data[head.end() : end]).rstrip(b"\r\n-")  # "--" as well, where that is sent twice
        del self._data[:end]
        return body


def _is_whole(body: bytearray) -> bool:
    """Whether a part ends where its head says: a JPEG file has its end there, perhaps with something behind it."""
    return _END in body[-_BEHIND:] if body.startswith(_BEGIN) else bool(body)


class JpegSplitter:
    """Takes JPEG files apart that follow one another, as `rpicam-vid --codec mjpeg -o -` writes them."""

    def __init__(self) -> None:
        self._data = bytearray()
        self._searched = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Takes bytes, and gives the files that they complete."""
        self._data += data if self._data else data.lstrip(b"\0")
        while (end := self._data.find(_END, self._searched)) >= 0:
            end += len(_END)
            filled = _filled(self._data, end)
            following = self._data[filled : filled + 2]
            if following == _BEGIN[:1]:
                self._searched = end - len(_END)  # it is seen with the next bytes whether another file begins
                return
            if following in (b"", _BEGIN):  # else the end of a thumbnail
                yield bytes(self._data[:end])
                del self._data[:filled]
                self._searched = 0
            else:
                self._searched = end
        self._searched = max(self._searched, len(self._data) - 1)
        if len(self._data) > _MOST_BYTES:
            self._data.clear()
            self._searched = 0


def _filled(data: bytearray, at: int) -> int:
    """Returns where the zeros end with which some cameras fill up what follows a file."""
    found = _FILLING.match(data, at)
    return at if found is None else found.end()
