"""The picture that a person sees: label, bars and rates drawn on a frame, and the window that shows it."""

from cnnkit.view.picture import SIGNAL_WORDS, Caption, enlarge, outline, paint
from cnnkit.view.window import Command, Window, check_display

__all__ = ["SIGNAL_WORDS", "Caption", "Command", "Window", "check_display", "enlarge", "outline", "paint"]
