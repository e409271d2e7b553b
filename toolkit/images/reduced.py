"""How much smaller a JPEG may be decoded: libjpeg leaves out frequencies that a small input averages away anyway."""

from __future__ import annotations

from cnnkit.images.framing import centred_window
from cnnkit.spec import InputSpec

_REDUCTIONS = (8, 4, 2)
_LEFT = 2  # x the model's input must remain, so that area averaging still has something to average
_TRACE = 1 / 32  # of a pixel of the model's input: so much another part may be seen


def reduction(width: int, height: int, orientation: int, taken: InputSpec) -> int:
    """Returns by how much each side of a JPEG may be divided while decoding: 8, 4, 2 or 1.

    Whatever is decoded keeps at least twice the size at which it ends up in the model's input. Of an image that is
    cropped, the part that is seen must be the same in the smaller image, where half a pixel may be four of the large
    one. Models that were trained with other than area interpolation see other pixels in a
    smaller image, so theirs are decoded in full.

    Args:
        width: Of the file, in pixels, as stored.
        height: Of the file.
        orientation: EXIF, 1 to 8; 5 to 8 exchange width and height.
        taken: What the model takes.
    """
    if taken.interpolation != "area":
        return 1
    if orientation >= 5:
        width, height = height, width
    across, down = width / taken.width, height / taken.height
    shrinks = max(across, down) if taken.resize == "pad" else min(across, down)
    if shrinks < _LEFT * _REDUCTIONS[-1]:
        return 1
    return next(
        (factor for factor in _REDUCTIONS if shrinks >= _LEFT * factor and _same_part(width, height, factor, taken)), 1
    )


def _same_part(width: int, height: int, factor: int, taken: InputSpec) -> bool:
    """Whether the part of a smaller image that is seen is that of the large one, but for a trace."""
    if taken.resize != "crop":
        return True
    aspect = taken.height / taken.width
    large, small = (
        centred_window(height, width, aspect),
        centred_window(-(-height // factor), -(-width // factor), aspect),
    )
    trace = _TRACE * min(large.height / taken.height, large.width / taken.width)
    return all(abs(exact - factor * near) <= trace for exact, near in zip(large, small, strict=True))
