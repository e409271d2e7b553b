"""The bytes of an image file, read with bounds, and what a format module finds in them."""

from __future__ import annotations

from typing import Literal, NamedTuple

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ImageError

Order = Literal["little", "big"]


class ImageBytes(NamedTuple):
    """A file's bytes, with the names that an error needs."""

    data: bytes
    source: str  # what the user called the file
    format: str  # "JPEG", "PNG", ...
    lenient: bool = False  # parts that are damaged are left out, rather than the whole file refused

    def number(self, offset: int, size: int, order: Order) -> int:
        """Returns the unsigned number of `size` bytes at `offset`.

        Raises:
            ImageError: The data ends before it.
        """
        if offset + size > len(self.data):
            raise self.truncated()
        return int.from_bytes(self.data[offset : offset + size], order)

    def need(self, end: int) -> None:
        """Checks that there are at least `end` bytes.

        Raises:
            ImageError: The data ends earlier.
        """
        if end > len(self.data):
            raise self.truncated()

    def truncated(self, size: int | None = None) -> ImageError:
        """Returns the error for data that ends too early, after `size` bytes (default: all there are)."""
        shown = len(self.data) if size is None else size
        return ImageError(self.source, f"truncated {self.format}: data ends after {shown:,} bytes")

    def corrupt(self, why: str) -> ImageError:
        """Returns the error for data that contradicts its format."""
        return ImageError(self.source, f"corrupt {self.format}: {' '.join(why.split())}")

    def unsupported(self, what: str) -> ImageError:
        """Returns the error for data that is right and still cannot be read here."""
        return ImageError(self.source, f"unsupported {what}")

    def undecodable(self) -> ImageError:
        """Returns the error for data that looks right, and is refused without a reason."""
        return ImageError(self.source, f"unsupported or corrupt {self.format}: OpenCV cannot decode its pixels")


class Traits(NamedTuple):
    """What decoding has to take care of, beyond size and colours."""

    transparent: bool = False  # may hold alpha below full: decoded with it and put on white
    premultiplied: bool = False  # colours come out of OpenCV already multiplied by alpha
    transparent_gray: int | None = None  # the one gray value that means transparent, as OpenCV decodes it
    orientation: int = 1  # EXIF, 1 to 8, where OpenCV does not apply it
    lacks_end: bool = False  # a JPEG without its end marker
    mended: bool = False  # a PNG of which OpenCV gets the picture alone: without frames, and with an end
    deep: bool = False  # of 16 bits a sample, of which the upper 8 are kept
    weight: int = 1  # how many times 8 bytes a pixel it takes to decode it
    warning: str | None = None  # what is odd about a file whose picture is whole
    damage: str | None = None  # what the file's bytes say of damage, before anything is decoded


PLAIN = Traits()  # of most files


class Decoded(NamedTuple):
    """What a format's own decoder gives."""

    pixels: NDArray[np.uint8] | None  # (H, W, 3) uint8 RGB, as stored; None where they cannot be decoded
    damage: str | None = None  # why they may be wrong in parts, without the format's name
