"""What becomes of an image whose file is damaged."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Literal

from cnnkit.errors import ImageError
from cnnkit.images import DEFAULT_MAX_PIXELS, DecodedImage
from cnnkit.sources import FoundImage
from cnnkit.spec import InputSpec

Damaged = Literal["report", "use"]

_DAMAGE = re.compile(r"(?:^|; )(?:damaged|truncated|corrupt) ")  # in errors and warnings of rows
_UNUSABLE = "nothing of it can be used"  # as `salvage_image` says it


def decode_found(
    found: FoundImage, damaged: Damaged, *, max_pixels: int = DEFAULT_MAX_PIXELS, taken: Sequence[InputSpec] = ()
) -> DecodedImage:
    """Reads and decodes an image; see `FoundImage.decode`.

    Args:
        found: What and where it is.
        damaged: Whether a damaged image is refused, or what is left of it is used.
        max_pixels: The most pixels to decode.
        taken: The inputs for which a JPEG may be decoded smaller.

    Raises:
        ImageError: It cannot be used.
    """
    try:
        image = found.decode(max_pixels=max_pixels, taken=taken)
    except ImageError as error:
        if damaged == "report":
            raise
        return found.salvage(error, max_pixels=max_pixels)
    return image if image.damage is None or damaged == "use" else image.sound(found.name)


def warning_of(image: DecodedImage) -> str | None:
    """Returns what a row with an answer says of the image's file; None where nothing is odd about it."""
    if image.damage is None and not image.warnings:
        return None
    return "; ".join(image.warnings if image.damage is None else (*image.warnings, image.damage))


def other_policy(error: str | None, warning: str | None, damaged: Damaged) -> str | None:
    """Says what an earlier run did with a damaged image and this one would not; None where a row is as of this run.

    Args:
        error: Of the row.
        warning: Of the row.
        damaged: What this run does with damaged images.
    """
    if damaged == "report":
        used = warning is not None and _DAMAGE.search(warning)
        return "answers a damaged image: resume with --damaged use, or name another file" if used else None
    refused = error is not None and _DAMAGE.match(error) and _UNUSABLE not in error
    return "leaves a damaged image out: resume without --damaged use, or name another file" if refused else None
