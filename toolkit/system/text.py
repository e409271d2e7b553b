"""Text files as other programs write them: UTF-8 or UTF-16, with or without a byte-order mark."""

from __future__ import annotations

import codecs

MARK_BYTES = 3  # of a file's beginning, that `text_encoding` looks at
_MARKS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))


def text_encoding(head: bytes) -> str:
    """Tells the encoding of a text by its first bytes, as Python names it.

    Without a byte-order mark a zero byte tells UTF-16, since the first character of a list is mostly a Latin one; all
    else is UTF-8.
    """
    for mark, encoding in _MARKS:
        if head.startswith(mark):
            return encoding
    if head[1:2] == b"\0" and head[:1] != b"\0":
        return "utf-16-le"
    return "utf-16-be" if head[:1] == b"\0" and head[1:2] not in (b"", b"\0") else "utf-8"


def decode_text(data: bytes) -> str:
    """Returns the text of a whole file.

    Raises:
        UnicodeDecodeError: It is neither UTF-8 nor UTF-16.
    """
    return data.decode(text_encoding(data[:MARK_BYTES]))
