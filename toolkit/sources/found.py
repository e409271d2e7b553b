"""An image that a SOURCE argument leads to, wherever its bytes are."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from cnnkit.errors import ImageError
from cnnkit.images import DEFAULT_MAX_PIXELS, DecodedImage, decode_image, read_bytes, read_image, salvage_image
from cnnkit.report import input_name
from cnnkit.system import import_cv2

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from cnnkit.spec import InputSpec
    from cnnkit.system import TypedAddress


@dataclass(frozen=True)
class FoundImage:
    """Something that a SOURCE argument leads to: an image, or the reason why there is none."""

    source: str  # a path or an address; bytes of a path that are no UTF-8 are surrogate escapes
    problem: str | None = None  # why it cannot be looked into
    skipped: bool = False  # found in a folder or an archive, and no image by its suffix
    member: str | None = None  # of an archive: its name in there
    frame: int | None = None  # of a video: its number, from 0
    seconds: float | None = None  # of a video: its time
    place: str = field(default="", compare=False)  # where it lies below the folder or archive named; else empty
    content: Callable[[], bytes] | None = field(default=None, compare=False)  # the file's bytes, if `source` is no path
    pixels: NDArray[np.uint8] | None = field(default=None, compare=False)  # (H, W, 3) BGR of a frame
    address: TypedAddress | None = field(default=None, compare=False)  # where `source` is what may be shown of one

    @property
    def name(self) -> str:
        """What messages call it: "photo.jpg", "photos.zip/cat.jpg", "film.mp4 frame 12"."""
        return input_name(self.source, self.member, self.frame)

    def decode(self, *, max_pixels: int = DEFAULT_MAX_PIXELS, taken: Sequence[InputSpec] = ()) -> DecodedImage:
        """Reads and decodes it; on any thread.

        Args:
            max_pixels: The most pixels to decode, compared with the header before anything is decoded.
            taken: The inputs for which a JPEG may be decoded smaller; without any it is decoded in full.

        Raises:
            ImageError: It cannot be read, is no image, is cut or corrupt, or is too large.
        """
        if self.problem is not None:
            raise ImageError(self.name, self.problem)
        if self.pixels is not None:
            return DecodedImage(_rgb(self.pixels, self.name, max_pixels))
        if self.content is not None:
            return decode_image(self.content(), self.name, max_pixels=max_pixels, taken=taken)
        return read_image(self.source, max_pixels=max_pixels, taken=taken)

    def salvage(self, error: ImageError, *, max_pixels: int = DEFAULT_MAX_PIXELS) -> DecodedImage:
        """Decodes what is left of a file that was refused with `error`.

        Raises:
            ImageError: Nothing of it can be used.
        """
        if self.problem is not None or self.pixels is not None:
            raise error
        data = self.content() if self.content is not None else read_bytes(self.source)
        return salvage_image(data, self.name, error, max_pixels=max_pixels)


def _rgb(pixels: NDArray[np.uint8], name: str, max_pixels: int) -> NDArray[np.uint8]:
    height, width = pixels.shape[:2]
    if height * width > max_pixels:
        raise ImageError(name, f"{width:,} x {height:,} pixels, more than the limit of {max_pixels:,} (--max-pixels)")
    cv2 = import_cv2()
    turned: NDArray[np.uint8] = cv2.cvtColor(pixels, cv2.COLOR_BGR2RGB)
    return turned
