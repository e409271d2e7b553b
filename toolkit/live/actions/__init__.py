"""What is done when a label or the signal changes and stays so: commands, messages to other machines, pictures kept."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.live.actions.opening import (
        ActionOptions as ActionOptions,
        check_actions as check_actions,
        open_actions as open_actions,
    )
else:
    __getattr__ = hand_on(__name__, {"opening": ("ActionOptions", "check_actions", "open_actions")})
