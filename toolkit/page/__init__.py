"""A live page over HTTP: the camera's picture, what the model says about it and how fresh both are."""

from cnnkit.page.server import LivePage
from cnnkit.page.state import PageState

__all__ = ["LivePage", "PageState"]
