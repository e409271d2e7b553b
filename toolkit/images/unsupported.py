"""Image formats that are known and not decoded, by the first bytes of a file and by its suffix."""

from __future__ import annotations

import re

# Camera's raw files and others of this list are images to whoever sees them in a folder: each gets its reason.
UNSUPPORTED_SUFFIXES = frozenset(
    {".jxl", ".psd", ".psb", ".svg", ".ico", ".cur", ".exr", ".hdr", ".xcf", ".jxr"}
    | {".cr2", ".cr3", ".crw", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"}
)
_SIGNATURES = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"8BPS", "PSD of Photoshop"),
    (b"\0\0\1\0", "ICO, an icon"),
    (b"\0\0\2\0", "CUR, a cursor"),
    (b"\x76\x2f\x31\x01", "OpenEXR"),
    (b"#?RADIANCE", "Radiance HDR"),
    (b"gimp xcf ", "XCF of GIMP"),
    (b"FUJIFILMCCD-RAW", "RAF, a camera's raw file"),
    (b"IIRO", "ORF, a camera's raw file"),
    (b"IIU\0", "RW2, a camera's raw file"),
    (b"II\xbc", "JPEG XR"),
    (b"\x28\0\0\0", "DIB, a bitmap without the header of its file"),
    (b"%PDF-", "PDF"),
)
_DOUBTFUL = (b"\xff\x0a", b"\0\0\1\0", b"\0\0\2\0", b"II\xbc", b"%PDF-", b"\x28\0\0\0")  # others begin so, too
_SVG = re.compile(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]", re.DOTALL)


def unsupported_name(data: bytes) -> str | None:
    """Returns what a file is that begins as an image which is not decoded; None where it begins otherwise."""
    if data[4:12] in (b"ftypcrx ", b"ftypCRX "):
        return "CR3, a camera's raw file"
    if _SVG.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        return "SVG, a drawing"
    return next((name for signature, name in _SIGNATURES if data.startswith(signature)), None)


def begins_unsupported(head: bytes) -> bool:
    """Whether a file is surely an image that is not decoded, by its first 32 bytes, where its name does not tell."""
    return head[4:12] == b"ftypcrx " or any(
        head.startswith(signature) for signature, _ in _SIGNATURES if signature not in _DOUBTFUL
    )
