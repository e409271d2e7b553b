"""Models from elsewhere, which carry no model spec: what they settle is read from them, the rest must be said."""

from cnnkit.foreign.flags import InputFlags, Said

__all__ = ["InputFlags", "Said"]
