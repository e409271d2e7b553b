"""The picture that a person sees: label, bars and rates drawn on a frame, and the window that shows it."""

from cnnkit.view.picture import SIGNAL_LOST, Caption, enlarge, paint
from cnnkit.view.window import Window, check_display

__all__ = ["SIGNAL_LOST", "Caption", "Window", "check_display", "enlarge", "paint"]
