"""What this machine can do: examined, reported, and what would make it better."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.doctor.advice import advise as advise
    from cnnkit.doctor.examining import examine as examine
    from cnnkit.doctor.report import print_examination as print_examination
else:
    __getattr__ = hand_on(
        __name__,
        {
            "advice": ("advise",),
            "examining": ("examine",),
            "report": ("print_examination",),
        },
    )
