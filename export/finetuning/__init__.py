"""Quantization-aware fine-tuning: the weights learn to live with their rounding, with the float model as teacher."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.finetuning.finetuning import finetune as finetune
else:
    __getattr__ = hand_on(
        __name__,
        {
            "finetuning": ("finetune",),
        },
    )
