"""Image formats that are known and not decoded, by the first bytes of a file and by its suffix."""

from __future__ import annotations

import re

# Camera's raw files and others of this list are images to whoever sees them in a folder: each gets its reason.
UNSUPPORTED_SUFFIXES = frozenset(
    {".jxl", ".psd", ".psb", ".svg", ".ico", ".cur", ".exr", ".hdr", ".xcf", ".jxr"}
    | {".ppm", ".pgm", ".pbm", ".pnm", ".pam", ".tga", ".qoi", ".pcx", ".dds", ".icns"}
    | {".cr2", ".cr3", ".crw", ".nef", ".arw", ".dng", ".raf", ".orf", ".rw2", ".pef", ".srw"}
)
_SIGNATURES = (
    (b"\xff\x0a", "JPEG XL"),
    (b"\0\0\0\x0cJXL \r\n\x87\n", "JPEG XL"),
    (b"8BPS", "PSD of Photoshop"),
    (b"qoif", "QOI"),
    (b"DDS ", "DDS, a texture"),
    (b"icns", "ICNS, icons of macOS"),
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
_DOUBTFUL = (b"\xff\x0a", b"DDS ", b"icns", b"II\xbc", b"%PDF-", b"\x28\0\0\0")  # others begin so, too
_PATTERNS = (
    (re.compile(rb"\x00\x00\x01\x00(?!\x00\x00)"), "ICO, an icon"),
    (re.compile(rb"\x00\x00\x02\x00(?!\x00\x00)"), "CUR, a cursor"),
    (re.compile(rb"P[1-6]\s+(?:#[^\n]*\n\s*)*\d+\s+(?:#[^\n]*\n\s*)*\d+\s|P7\n"), "PNM (PPM, PGM, PBM, PAM)"),
    (re.compile(rb"\x0a[\x00\x02-\x05]\x01[\x01\x02\x04\x08]"), "PCX"),
    # Its kind, its bits a pixel and the order of its rows: it has no signature.
    (re.compile(rb".[\x00\x01][\x01-\x03\x09-\x0b].{13}[\x01\x08\x0f\x10\x18\x20][\x00-\x3f]", re.DOTALL), "TGA"),
)
_SVG = re.compile(rb"\s*(?:<\?xml[^>]*>|<!--.*?-->|<!DOCTYPE[^>]*>|\s)*<svg[\s>]", re.DOTALL)


def unsupported_name(data: bytes) -> str | None:
    """Returns what a file is that begins as an image which is not decoded; None where it begins otherwise."""
    if data[4:12] in (b"ftypcrx ", b"ftypCRX "):
        return "CR3, a camera's raw file"
    if _SVG.match(data[:4096].removeprefix(b"\xef\xbb\xbf")):
        return "SVG, a drawing"
    named = next((name for signature, name in _SIGNATURES if data.startswith(signature)), None)
    return named or next((name for pattern, name in _PATTERNS if pattern.match(data)), None)


def begins_unsupported(head: bytes) -> bool:
    """Whether a file is surely an image that is not decoded, by its first 32 bytes, where its name does not tell."""
    return head[4:12] == b"ftypcrx " or any(
        head.startswith(signature) for signature, _ in _SIGNATURES if signature not in _DOUBTFUL
    )
