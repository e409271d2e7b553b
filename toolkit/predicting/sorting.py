"""Images in a folder for each class that the model gives: `--sort-into`."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path

from cnnkit.errors import OutputError
from cnnkit.predicting.annotating import encode_jpeg
from cnnkit.predicting.naming import OutputNames
from cnnkit.predicting.options import Outcome
from cnnkit.predicting.writing import write_each
from cnnkit.sources import FoundImage
from cnnkit.system import make_folder, safe_name, whole_file, write_bytes


class Sorter:
    """Copies, or links to, each image that was answered, as soon as it was; the images themselves stay where they are.

    Args:
        folder: In which the classes' folders lie.
        link: Makes symbolic links to files instead of copies; what lies in no file of its own is still copied.
    """

    def __init__(self, folder: Path, *, link: bool) -> None:
        self._folder, self._link = folder, link
        self._names = OutputNames()

    @property
    def picture_side(self) -> int:
        """Needs none: the files are copied."""
        return 0

    def skip(self, found: FoundImage) -> None:
        """Passes an image over, which an interrupted run has sorted."""
        self._names.name(found, _suffix(found))

    def add(self, outcomes: Sequence[Outcome]) -> Mapping[int, str]:
        """Sorts a batch; see `write_each`.

        Raises:
            OutputError: A file cannot be written.
        """
        return write_each(outcomes, self._sort, self._folder)

    def close(self) -> None:
        """Has nothing left to do."""

    def _sort(self, outcome: Outcome) -> None:
        name = self._names.name(outcome.found, _suffix(outcome.found))
        prediction = outcome.rows[0].prediction
        if prediction is not None:
            self._put(outcome.found, self._folder / safe_name(prediction.label) / name)

    def _put(self, found: FoundImage, path: Path) -> None:
        make_folder(path.parent)
        if found.pixels is not None:
            write_bytes(path, encode_jpeg(found.pixels))
        elif found.content is not None:
            write_bytes(path, found.content())
        elif self._link:
            _link(Path(found.source), path)
        else:
            with whole_file(path) as temporary:
                shutil.copyfile(found.source, temporary)


def _suffix(found: FoundImage) -> str | None:
    return ".jpg" if found.frame is not None else None


def _link(source: Path, path: Path) -> None:
    try:
        path.unlink(missing_ok=True)
        path.symlink_to(os.path.abspath(source))
    except OSError as error:
        raise OutputError(f"cannot link {path} to {source}: {error.strerror or error}") from error
