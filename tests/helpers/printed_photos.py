"""What the commands print that measure on photos, shortened, and the figures that are read from it."""

from __future__ import annotations

from typing import Any


def trained(right: float, images: int, minutes: float, **other: Any) -> Any:
    """A training of which so many test images are right."""
    found = {"top1": right, "low": right - 0.02, "high": min(1.0, right + 0.01)}
    return found | {"images": images, "minutes": minutes} | other


PRINTED_OF_PHOTOS: dict[str, tuple[Any, list[Any]]] = {
    "imagenet": (
        {
            "network": "efficientnet_lite0",
            "images": 500,
            "top1": {"value": 0.882, "low": 0.8508, "high": 0.9074},
            "top5": {"value": 0.968, "low": 0.9487, "high": 0.9802},
        },
        [
            "88.20 % (95 % interval 85.08 to 90.74, n = 500)",
            "96.80 % (95 % interval 94.87 to 98.02, n = 500)",
        ],
    ),
    "own-photos": (
        {"top1": 1.0, "low": 0.969, "high": 1.0, "images": 120, "minutes": 1.96},
        ["100.00 % (96.90 to 100.00, n = 120), 2.0 minutes"],
    ),
    "own-photos-sign": (
        {"top1": 0.9853, "low": 0.9684, "high": 0.9933, "images": 409, "minutes": 5.64},
        ["98.53 % (96.84 to 99.33, n = 409), 5.6 minutes"],
    ),
    "first-stage": (
        {"ratio": 0.93, "low": 0.9, "high": 0.97, "n": 5, "images": 1000, "plain_s": 14.0},
        ["0.93 (n = 5, 0.90 to 0.97)"],
    ),
    "own-photos-small": (
        [
            trained(0.95, 120, 1.26, what="auto", folder="masks", runs=1, epochs=30),
            trained(0.9, 120, 3.04, what="plain Keras", folder="masks", runs=2, epochs=30),
        ],
        [
            [
                "| photos | network | top-1 (95 % interval) | photos asked | epochs |",
                "| --- | --- | --- | ---: | ---: |",
                "| masks | `--arch auto` | 95.00 % (93.00 to 96.00) | 120 | 30 |",
                "| masks | plain Keras | 90.00 % (88.00 to 91.00) | 240 | 30 |",
            ]
        ],
    ),
    "recipes-250": (
        {
            "recipes": {
                "vgg1": {"top1": 0.71, "low": 0.64, "high": 0.77, "warned": False},
                "vgg3": {"top1": 0.105, "low": 0.07, "high": 0.16, "warned": True},
                "resnet8": {"top1": 0.34, "low": 0.28, "high": 0.41, "warned": True},
            },
            "silent": [],
            "images": 200,
            "chance": 0.1,
        },
        ["2 of 3 above chance, 2 warned of; top-1 10.5 to 71.0 % (n = 200)"],
    ),
    "guidance": (
        [
            {
                "network": "efficientnet_lite0 --head-only",
                "sets": {"masks": trained(0.99, 120, 0.42), "sign:25": trained(0.883, 409, 0.61)},
                "size": 224,
                "chosen": "u8s8-7bit-percentile-corrected",
                "bytes": 4_876_123,
                "ms": 9.126,
                "ratio": 0.4612,
                "float_ms": 19.8,
            },
        ],
        [
            [
                "| network | pixels | top-1, masks (n = 120) | top-1, sign:25 (n = 409) | minutes | INT8 | ms | "
                "over float32 | size |",
                "| --- | --- | --- | --- | --- | --- | ---: | ---: | ---: |",
                "| `efficientnet_lite0 --head-only` | 224 | 99.00 % (97.00 to 100.00) | 88.30 % (86.30 to 89.30) | "
                "0.4, 0.6 | u8s8-7bit-percentile-corrected | 9.13 | 0.46 | 4.88 MB |",
            ]
        ],
    ),
}
