"""Reads image files from disk, whatever their names, and says why one cannot be read."""

from __future__ import annotations

import os
import stat
from collections.abc import Callable, Sequence
from functools import partial
from os import PathLike

from cnnkit.errors import ImageError
from cnnkit.images.decode import DEFAULT_MAX_PIXELS, DecodedImage, decode_image
from cnnkit.images.formats import HEAD_BYTES, begins_as_image, identify
from cnnkit.images.reader import ImageBytes
from cnnkit.images.unsupported import UNSUPPORTED_SUFFIXES
from cnnkit.spec import InputSpec

# By these a folder's images are told from its other files; which format a file has is read from its bytes.
IMAGE_SUFFIXES = frozenset(
    {".jpg", ".jpeg", ".jpe", ".jfif", ".mpo", ".png", ".apng", ".webp", ".avif", ".heic", ".heif", ".hif"}
    | {".bmp", ".dib", ".tif", ".tiff", ".gif", ".jp2", ".j2k", ".j2c", ".jpc", ".jpf", ".jpx"}
)
_LISTED = IMAGE_SUFFIXES | UNSUPPORTED_SUFFIXES  # what is looked at in a folder, if only to say why not
_MAX_BYTES = 2**30
_PART = 2**20
_FLAGS = os.O_RDONLY | getattr(os, "O_BINARY", 0)


def is_listed(name: str, head: Callable[[], bytes]) -> bool:
    """Whether a file that was found is an image by its suffix or, where that says nothing, by its first bytes.

    A suffix says nothing where it is no word: there is none, or as in "photo.jpeg~", "photo.jpg.1", "IMG_2024.05".

    Args:
        name: Of the file, or its path.
        head: Reads the first bytes of the file; asked for those of such a name alone.
    """
    suffix = os.path.splitext(name)[1].lower()
    if suffix in _LISTED:
        return True
    return not (suffix[1:2].isalpha() and suffix[1:].isalnum()) and begins_as_image(head())


def is_image_file(path: str | PathLike[str]) -> bool:
    """Whether a file in a folder is an image, see `is_listed`."""
    return is_listed(os.fspath(path), partial(_read_head, path))


def _read_head(path: str | PathLike[str]) -> bytes:
    """Reads the first bytes of a file; none of one that cannot be read, and of pipes and devices."""
    try:
        if not stat.S_ISREG(os.stat(path).st_mode):  # opening a pipe would wait for somebody to write to it
            return b""
        with open(path, "rb", buffering=0) as file:
            return file.read(HEAD_BYTES)
    except OSError:
        return b""


def read_image(
    path: str | PathLike[str], *, max_pixels: int = DEFAULT_MAX_PIXELS, taken: Sequence[InputSpec] = ()
) -> DecodedImage:
    """Reads and decodes an image file, as `decode_image` does.

    Args:
        path: A regular file, or a link to one.
        max_pixels: The most pixels to decode, compared with the file's header before anything is decoded.
        taken: The inputs for which a JPEG may be decoded smaller; without any it is decoded in full.

    Returns:
        The image; with a warning where it is whole and its file is not, with its damage where it may be wrong in parts.

    Raises:
        ImageError: The file cannot be read, is no image, is cut or corrupt, or is too large.
    """
    source = os.fspath(path)
    return decode_image(read_bytes(source), source, max_pixels=max_pixels, taken=taken)


def read_size(path: str | PathLike[str]) -> tuple[int, int]:
    """Returns width and height of an image file in pixels as they are stored, from its header.

    Raises:
        ImageError: The file cannot be read, or is no image.
    """
    source = os.fspath(path)
    data = read_bytes(source)
    image_format = identify(data, source)
    return image_format.read_size(ImageBytes(data, source, image_format.name))


def read_bytes(source: str) -> bytes:
    """Reads a file.

    Raises:
        ImageError: It cannot be read, is no file, or has more than 1 GiB.
    """
    try:
        status = os.stat(source)
        if not stat.S_ISREG(status.st_mode) or status.st_size > _MAX_BYTES:
            raise _refused(source, status)
        descriptor = os.open(source, _FLAGS)
        try:
            return _read_all(descriptor, status.st_size)
        finally:
            os.close(descriptor)
    except FileNotFoundError as error:
        raise ImageError(source, "no such file") from error
    except PermissionError as error:
        raise ImageError(source, "permission denied") from error
    except (OSError, ValueError) as error:  # ValueError: a path that no system takes, such as one with a null byte
        raise ImageError(source, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error


def _read_all(descriptor: int, size: int) -> bytes:
    """Reads to the end of a file; mostly that is one call, as nothing is added to it meanwhile."""
    data = os.read(descriptor, size + 1)
    if len(data) == size:
        return data
    parts = [data]
    while part := os.read(descriptor, _PART):
        parts.append(part)
    return b"".join(parts)


def _refused(source: str, status: os.stat_result) -> ImageError:
    """Says why something is not even opened; opening a pipe would wait for somebody to write to it."""
    if stat.S_ISDIR(status.st_mode):
        return ImageError(source, "is a folder, expected an image file")
    if not stat.S_ISREG(status.st_mode):
        return ImageError(source, "is a device, pipe or socket, expected an image file")
    return ImageError(source, f"file of {status.st_size:,} bytes, more than the {_MAX_BYTES:,} that are read")
