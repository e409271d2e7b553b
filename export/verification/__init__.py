"""The parity ladder: from image file to answer, stage by stage, beside an independent way of doing the same."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.verification.ladder import climb as climb, require_parity as require_parity
else:
    __getattr__ = hand_on(
        __name__,
        {
            "ladder": ("climb", "require_parity"),
        },
    )
