"""Quantization chosen by measurement: candidates, what each costs and brings on this machine, and the decision."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.quantization.float16 import FLOAT16_SCHEME as FLOAT16_SCHEME, to_float16 as to_float16
    from cnnkit.export.quantization.quantizing import quantize_model as quantize_model
    from cnnkit.export.quantization.summary import print_quantization as print_quantization
    from cnnkit.export.quantization.tolerances import tolerance_for as tolerance_for
else:
    __getattr__ = hand_on(
        __name__,
        {
            "float16": ("FLOAT16_SCHEME", "to_float16"),
            "quantizing": ("quantize_model",),
            "summary": ("print_quantization",),
            "tolerances": ("tolerance_for",),
        },
    )
