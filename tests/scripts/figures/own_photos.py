"""Training on one's own photos."""

from __future__ import annotations

from figures.figure import Measurement, Output, Row
from figures.wording import spread


def _trained(output: Output) -> str:
    found = output.last_line()
    top1, low, high = (100 * found[name] for name in ("top1", "low", "high"))
    return f"{top1:.2f} % ({low:.2f} to {high:.2f}, n = {found['images']}), {found['minutes']:.1f} minutes"


def _over_a_plain_loop(output: Output) -> str:
    found = output.last_line()
    return spread(found, "", found["n"])


OWN_PHOTOS = (
    Measurement(
        "own-photos",
        ("python tests/scripts/measure_own_photos.py train masks",),
        (Row("`cnnkit train` on 300 photos of faces, masked or not: top-1; minutes", _trained),),
        minutes=3,
        photos="masks",
    ),
    Measurement(
        "own-photos-sign",
        ("python tests/scripts/measure_own_photos.py train sign",),
        (Row("the same on 1,653 photos of hands that show ten digits", _trained),),
        minutes=7,
        photos="sign",
    ),
    Measurement(
        "first-stage",
        ("python tests/scripts/measure_own_photos.py features imagenet",),
        (Row("features of 1,000 photos, time over a plain loop of the same network", _over_a_plain_loop),),
        minutes=3,
        photos="imagenet",
    ),
)
