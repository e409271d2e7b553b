"""The cameras of this machine, as a table."""

from __future__ import annotations

from cnnkit.errors import SourceError
from cnnkit.report import NOTHING, print_table, printable
from cnnkit.sources import list_cameras


def print_cameras() -> None:
    """Prints what --source can name.

    Raises:
        SourceError: There is no camera.
    """
    cameras = list_cameras()
    if not cameras:
        raise SourceError("no camera was found: connect one, or give --source a video file or an address")
    rows = [(camera.source, printable(camera.name or NOTHING), camera.lasting or NOTHING) for camera in cameras]
    print_table(("source", "camera", "name that stays"), rows)
