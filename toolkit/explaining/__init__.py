"""Why a network answers as it does: which part of an image carries an answer, and what the answer is without it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.explaining.explanation import (
        ExplainOptions as ExplainOptions,
        Explanation as Explanation,
        explain_image as explain_image,
        planned_evaluations as planned_evaluations,
    )
    from cnnkit.explaining.network import Network as Network
    from cnnkit.explaining.overlay import as_rgb as as_rgb, paint_heat as paint_heat
else:
    __getattr__ = hand_on(
        __name__,
        {
            "explanation": ("ExplainOptions", "Explanation", "explain_image", "planned_evaluations"),
            "network": ("Network",),
            "overlay": ("as_rgb", "paint_heat"),
        },
    )
