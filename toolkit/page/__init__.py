"""A live page over HTTP: the camera's picture, what the model says about it and how fresh both are."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.page.server import LivePage as LivePage
    from cnnkit.page.state import PageState as PageState
else:
    __getattr__ = hand_on(
        __name__,
        {
            "server": ("LivePage",),
            "state": ("PageState",),
        },
    )
