"""File names for what is made of images: below one folder, each once, whatever an archive or a label says."""

from __future__ import annotations

import os
import re

from cnnkit.sources import FoundImage

_UNSAFE = re.compile(r'[\x00-\x1f\x7f<>:"|?*\ud800-\udfff]')  # what some system does not take in a name


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


def safe_path(text: str) -> str:
    """Returns a relative path that leads nowhere but down, whatever the text is; it may be empty."""
    parts = (_UNSAFE.sub("_", part).strip(" ") for part in re.split(r"[/\\]", text))
    return os.path.join(*(part for part in parts if part.strip(".")), "").rstrip(os.sep)


def safe_part(text: str) -> str:
    """Returns one part of a path for a text, such as a label."""
    return safe_path(re.sub(r"[/\\]", "_", text)) or "_"


def _last_part(source: str) -> str:
    """Returns the last part of a path or address."""
    return re.split(r"[/\\]", source.split("?")[0] if "://" in source else source)[-1]
