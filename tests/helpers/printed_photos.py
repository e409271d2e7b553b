"""What the commands print that measure on photos, shortened, and the figures that are read from it."""

from __future__ import annotations

from typing import Any

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
}
