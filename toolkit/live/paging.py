"""The live page as one of those who are told of every observation."""

from __future__ import annotations

from cnnkit.live.outputs import Observation
from cnnkit.page import LivePage, PageState
from cnnkit.system import log


class PageWatcher:
    """Shows each observation on a page.

    Args:
        page: Already served.
        source: What it calls the source, without a password.
        camera: Its place among several, from 0 on.
        how: How the page is to be opened, for the message that says where it is.
    """

    def __init__(self, page: LivePage, source: str, camera: int = 0, how: str = "") -> None:
        self._page, self._source, self._camera = page, source, camera
        if camera == 0:
            log.info("the live page%s is at %s", how, page.address)

    def write(self, observation: Observation) -> None:
        """Shows an observation."""
        prediction = observation.prediction
        state = PageState(
            self._source,
            observation.signal,
            None if prediction is None else prediction.label,
            None if prediction is None else prediction.confidence,
            () if prediction is None else prediction.top,
            observation.inference_hz,
            observation.capture_hz,
            observation.age_ms,
            observation.frame.number,
        )
        self._page.publish(observation.frame.pixels, state, self._camera)
