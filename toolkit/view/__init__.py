"""The picture that a person sees: label, bars and rates drawn on a frame, and the window that shows it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.view.picture import (
        SIGNAL_WORDS as SIGNAL_WORDS,
        Caption as Caption,
        enlarge as enlarge,
        outline as outline,
        paint as paint,
        percent as percent,
    )
    from cnnkit.view.text import best_font as best_font, fit as fit
    from cnnkit.view.window import (
        Command as Command,
        Window as Window,
        check_display as check_display,
        gui_toolkit as gui_toolkit,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "picture": ("SIGNAL_WORDS", "Caption", "enlarge", "outline", "paint", "percent"),
            "text": ("best_font", "fit"),
            "window": ("Command", "Window", "check_display", "gui_toolkit"),
        },
    )
