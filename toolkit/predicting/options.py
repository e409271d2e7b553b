"""How images are predicted, and what comes of each."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from cnnkit.classifier import Classifier
from cnnkit.images import DEFAULT_MAX_PIXELS
from cnnkit.predicting.damage import Damaged
from cnnkit.report import PredictionRow
from cnnkit.sources import FoundImage

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray


@dataclass(frozen=True)
class PredictOptions:
    """How images are predicted."""

    top_k: int = 5  # candidates a row, at least 1
    batch_size: int = 64  # images decoded and run together, at least 1
    min_confidence: float = 0.0  # 0 to 1; below it the label is "unknown"
    max_pixels: int = DEFAULT_MAX_PIXELS  # larger images are refused before decoding
    exact: bool = False  # decode large JPEGs in full rather than at a reduced scale
    damaged: Damaged = "report"  # whether images whose files are damaged have errors, or answers with a warning
    keep_frames: bool = False  # outcomes of a video's frames keep their pixels


class NamedClassifier(NamedTuple):
    """A model among those that answer."""

    classifier: Classifier
    name: str | None = None  # what rows call it; None where it is the only one


class Outcome(NamedTuple):
    """What came of one image."""

    found: FoundImage
    rows: tuple[PredictionRow, ...]  # one a model
    picture: NDArray[np.uint8] | None = None  # (H, W, 3) RGB, if it was to be kept and could be read
    unwritten: bool = False  # whether a file that was asked for could not be made of it
