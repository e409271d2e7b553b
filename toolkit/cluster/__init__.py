"""Prediction on more than one machine: over an existing Ray cluster."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.cluster.run import predict_on_ray as predict_on_ray
else:
    __getattr__ = hand_on(
        __name__,
        {
            "run": ("predict_on_ray",),
        },
    )
