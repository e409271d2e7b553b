"""What the header of AV1 says of the range of a gray picture's values, where no box of the file does.

Source: AV1 Bitstream & Decoding Process Specification, 5.5; AV1 Codec ISO Media File Format Binding, 2.3.
"""

from __future__ import annotations

_HEADER, _MASK = 0x0A, 0x7E  # the first byte of a sequence header that tells its length, and its bits that say so
_SPARE = 256  # zero bits behind the end


def is_limited_gray(config: bytes) -> bool:
    """Whether the values of a still picture run from 16 to 235 rather than from 0 to 255; false where that is not said.

    Args:
        config: The content of the box `av1C` of a picture without colours.
    """
    if len(config) < 8 or config[4] & _MASK != _HEADER & _MASK:
        return False
    bits = _Bits(config[6:])
    profile, still = bits.take(3), bits.take(2)
    if still != 3:  # the longer header of a film
        return False
    bits.take(5)
    width, height = bits.take(4) + 1, bits.take(4) + 1
    bits.take(width + height)
    bits.take(6)  # tools of the coder
    if bits.take(1) and profile == 2:  # 10 or 12 bits
        bits.take(1)
    bits.take(1)  # no colours
    if bits.take(1):
        bits.take(24)  # which gray is meant
    return bits.take(1) == 0


class _Bits:
    """Reads numbers bit by bit."""

    def __init__(self, data: bytes) -> None:
        self._value, self._left = int.from_bytes(data, "big") << _SPARE, 8 * len(data) + _SPARE

    def take(self, count: int) -> int:
        self._left -= count
        return self._value >> self._left & ((1 << count) - 1)
