from __future__ import annotations

import pytest

from cnnkit.sources.moving.damage import DamageWatch


def judged(events: str) -> str:
    """Which pictures are whole, "+" or "-".

    Args:
        events: A letter a picture, a tenth of a second apart: "K" a key frame, "p" another, "x" one that is marked,
            "X" a marked key frame; "!" in front: bytes of it are missing.
    """
    watch, said, tenths = DamageWatch(), "", 0
    for event in events:
        if event == "!":
            watch.doubt(tenths / 10)
            continue
        said += "+" if watch.is_whole(tenths / 10, key=event in "KX", marked=event in "xX") else "-"
        tenths += 1
    return said


@pytest.mark.parametrize(
    ("events", "whole"),
    [
        pytest.param("KpppKpp", "+++++++", id="all whole"),
        pytest.param("KpxppKpp", "++---+++", id="what is made of a damaged picture is damaged"),
        pytest.param("KpxpXpKp", "++----++", id="a damaged key frame heals nothing"),
        pytest.param("Kp!pppKp", "++---++", id="missing bytes that the decoder does not notice"),
        pytest.param("Kp!KppKp", "++---++", id="missing bytes of the key frame itself"),
        pytest.param("xppKp", "---++", id="from the first one on"),
        pytest.param("KKxKK", "++-++", id="each made of itself alone"),
        pytest.param("x" + "p" * 103, "-" * 101 + "+++", id="forgotten where no key frame ever comes"),
    ],
)
def test_pictures_are_whole_up_to_the_damage_and_again_from_the_next_whole_key_frame(events, whole):
    assert judged(events) == whole


def test_missing_bytes_of_an_unknown_time_count_at_once():
    watch = DamageWatch()
    watch.doubt(None)
    assert not watch.is_whole(0.1, key=False, marked=False)
    assert watch.is_whole(0.2, key=True, marked=False)
