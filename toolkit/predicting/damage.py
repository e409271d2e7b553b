"""What becomes of an image whose file is damaged."""

from __future__ import annotations

from typing import Literal

from cnnkit.images import DecodedImage

Damaged = Literal["report", "use"]


def warning_of(image: DecodedImage, source: str, damaged: Damaged) -> str | None:
    """Returns what a row with an answer says of the image's file; None where nothing is odd about it.

    Args:
        image: As it was decoded.
        source: What the user calls it, for the error.
        damaged: Whether damage is reported as an error, or the image used with a warning.

    Raises:
        ImageError: It is damaged, and that is to be reported.
    """
    if damaged == "report":
        image.sound(source)
    said = image.warnings if image.damage is None else (*image.warnings, image.damage)
    return "; ".join(said) or None
