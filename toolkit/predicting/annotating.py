"""Images with what the model says drawn on them: `--annotate`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from cnnkit.predicting.naming import OutputNames
from cnnkit.predicting.options import Outcome
from cnnkit.predicting.writing import write_each
from cnnkit.sources import FoundImage
from cnnkit.system import import_cv2, make_folder, write_bytes
from cnnkit.view import Caption, enlarge, paint

if TYPE_CHECKING:
    from numpy.typing import NDArray

_SIDE = 1920  # pixels
_QUALITY = 92  # of JPEG, 0 to 100


class Annotator:
    """Writes a JPEG with label and bars for each image that was answered, as soon as it was.

    Args:
        folder: Where to.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._names = OutputNames()

    @property
    def picture_side(self) -> int:
        """Pixels of an annotated image's longest side."""
        return _SIDE

    def skip(self, found: FoundImage) -> None:
        """Passes an image over, of which an interrupted run has made a picture."""
        self._names.name(found, ".jpg")

    def add(self, outcomes: Sequence[Outcome]) -> Mapping[int, str]:
        """Writes the pictures of a batch; see `write_each`.

        Raises:
            OutputError: A file cannot be written.
        """
        return write_each(outcomes, self._write, self._folder)

    def close(self) -> None:
        """Has nothing left to do."""

    def _write(self, outcome: Outcome) -> None:
        name = self._names.name(outcome.found, ".jpg")
        prediction = outcome.rows[0].prediction
        if outcome.picture is not None and prediction is not None:
            bgr = np.ascontiguousarray(outcome.picture[..., ::-1])
            make_folder((self._folder / name).parent)
            write_bytes(self._folder / name, encode_jpeg(paint(enlarge(bgr), Caption(prediction))))


def encode_jpeg(image: NDArray[np.uint8]) -> bytes:
    """Returns (H, W, 3) uint8 BGR as a JPEG."""
    cv2 = import_cv2()
    _, data = cv2.imencode(".jpg", image, [cv2.IMWRITE_JPEG_QUALITY, _QUALITY])
    encoded: bytes = data.tobytes()
    return encoded
