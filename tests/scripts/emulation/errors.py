"""What stands in the way of an emulated machine."""

from __future__ import annotations


class EmulationError(Exception):
    """An ARM machine cannot be emulated: one line that says why."""


class CannotRunError(EmulationError):
    """This machine lacks what is needed: the line says what to install, or where to run instead."""
