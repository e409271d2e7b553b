"""File names for what is made of images: below one folder, each once, whatever an archive or a label says."""

from __future__ import annotations

import os
import re

from cnnkit.sources import FoundImage
from cnnkit.system import safe_path


class OutputNames:
    """Gives a name to each image, in their order: the same images in the same order have the same names."""

    def __init__(self) -> None:
        self._used: set[str] = set()

    def name(self, found: FoundImage, suffix: str | None = None, folder: str = "") -> str:
        """Returns a relative path: where the image lies below the folder or archive that was named, or its own name.

        Args:
            found: The image.
            suffix: Instead of its own, such as ".jpg"; None keeps it.
            folder: In front of the path.
        """
        stem, own = os.path.splitext(safe_path(found.place or _last_part(found.source)) or "image")
        if found.frame is not None:
            stem = f"{stem}-{found.frame:06d}"
        end = own if suffix is None else suffix
        name = wanted = os.path.join(folder, stem)
        number = 1
        while (name + end).casefold() in self._used:  # some file systems take "A.jpg" for "a.jpg"
            number += 1
            name = f"{wanted}-{number}"
        self._used.add((name + end).casefold())
        return name + end


def _last_part(source: str) -> str:
    """Returns the last part of a path or address."""
    return re.split(r"[/\\]", source.split("?")[0] if "://" in source else source)[-1]
