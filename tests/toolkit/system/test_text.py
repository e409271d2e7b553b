from __future__ import annotations

import pytest

from cnnkit.system.text import decode_text, text_encoding

TEXT = "name,label\r\nFüße 猫.png,cat\r\n"


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("text", [TEXT, "", "x"])
def test_text_in_any_unicode(encoding: str, text: str) -> None:
    assert decode_text(text.encode(encoding)) == text


@pytest.mark.parametrize(
    ("head", "encoding"),
    [
        (b"", "utf-8"),
        (b"a", "utf-8"),
        (b"\0", "utf-8"),
        (b"\0\0a", "utf-8"),
        (b"\xfe\xff", "utf-16"),
        (b"a\0b", "utf-16-le"),
        (b"\0a\0", "utf-16-be"),
    ],
)
def test_encodings_by_their_first_bytes(head: bytes, encoding: str) -> None:
    assert text_encoding(head) == encoding


def test_what_is_no_text() -> None:
    with pytest.raises(UnicodeDecodeError):
        decode_text(b"M\xfcller.png")
