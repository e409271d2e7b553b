"""One image with parts of it covered, and what a network answers to that."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.explaining.network import Network
from cnnkit.images import Window

if TYPE_CHECKING:
    from numpy.typing import NDArray

_NEAREST = 1e-6  # to 0 and 1: how sure an answer may count as


class Perturbed:
    """An image of which parts are covered; its score is the log-odds of one class.

    Log-odds, log(p / (1 - p)): a network that is sure loses little probability by each part, and log-odds tell those
    that matter from those that do not all the same.

    Args:
        network: What is asked.
        image: (height, width, channels) uint8 of its size and colour order.
        filling: The same, what stands where the image is covered.
        index: Of the class.
        batch_size: Images run together.
        advance: Is told after each batch how many were run.

    Attributes:
        height, width: Of the image, in pixels.
        score: Of the image as it is.
        evaluations: Images that the network was run on so far.
    """

    def __init__(
        self,
        network: Network,
        image: NDArray[np.uint8],
        filling: NDArray[np.uint8],
        index: int,
        *,
        batch_size: int,
        advance: Callable[[int], None],
    ) -> None:
        self.height, self.width = image.shape[:2]
        self._network, self._image, self._filling, self._index = network, image, filling, index
        self._batch_size, self._advance = batch_size, advance
        self.evaluations = 0
        self.score = float(self._scores(iter([image]), 1)[0])

    def covered(self, window: Window) -> NDArray[np.uint8]:
        """Returns the image with a part covered."""
        image = self._image.copy()
        image[window.slices] = self._filling[window.slices]
        return image

    def covered_scores(self, windows: Sequence[Window]) -> NDArray[np.float64]:
        """Returns the (N,) scores with each of the parts covered in turn."""
        return self._scores((self.covered(window) for window in windows), len(windows))

    def masked_scores(self, masks: NDArray[np.float32]) -> NDArray[np.float64]:
        """Returns the (N,) scores of the image blended into its filling by (N, height, width) masks; 1 keeps it."""
        filling, image = self._filling.astype(np.float32), self._image.astype(np.float32)
        blended = ((filling + (image - filling) * mask[..., None]).round().astype(np.uint8) for mask in masks)
        return self._scores(blended, len(masks))

    def _scores(self, images: Iterator[NDArray[np.uint8]], count: int) -> NDArray[np.float64]:
        scores = np.empty(count, np.float64)
        for start in range(0, count, self._batch_size):
            size = min(self._batch_size, count - start)
            batch = np.stack([next(images) for _ in range(size)])
            scores[start : start + size] = self._log_odds(self._network.probabilities(batch)[:, self._index])
            self.evaluations += size
            self._advance(size)
        return scores

    @staticmethod
    def _log_odds(probabilities: NDArray[np.float32]) -> NDArray[np.float64]:
        inside = np.clip(probabilities.astype(np.float64), _NEAREST, 1 - _NEAREST)
        odds: NDArray[np.float64] = np.log(inside / (1 - inside))
        return odds
