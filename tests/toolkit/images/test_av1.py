from __future__ import annotations

import pytest

from cnnkit.images.av1 import is_limited_gray


def config(*, full: bool, deep: bool = False, profile: int = 0, described: bool = False, reduced: bool = True) -> bytes:
    """The box of a gray picture of 96 x 64 pixels, with the header of what is coded."""
    bits = f"{profile:03b}1{reduced:d}00101" + "01100101" + f"{95:07b}{63:06b}" + "000111" + f"{deep:d}"
    bits += "0" * (deep and profile == 2) + "1" + ("1" + "00000001" * 3 if described else "0") + f"{full:d}" + "0010"
    header = int(bits.ljust(-(-len(bits) // 8) * 8, "0"), 2).to_bytes(-(-len(bits) // 8), "big")
    return b"\x81\0\x1c\0" + bytes([0x0A, len(header)]) + header


@pytest.mark.parametrize("described", [False, True])
@pytest.mark.parametrize(("deep", "profile"), [(False, 0), (True, 0), (True, 2), (False, 2)])
@pytest.mark.parametrize("full", [False, True])
def test_the_range_is_that_of_the_header(full: bool, deep: bool, profile: int, described: bool) -> None:
    assert is_limited_gray(config(full=full, deep=deep, profile=profile, described=described)) is not full


@pytest.mark.parametrize(
    "data",
    [b"", b"\x81\0\x1c\0", config(full=False, reduced=False), config(full=False)[:4] + b"\x12\0" + bytes(9)],
    ids=["empty", "no-header", "of-a-film", "another-unit"],
)
def test_where_it_is_not_said_nothing_is_changed(data: bytes) -> None:
    assert not is_limited_gray(data)
