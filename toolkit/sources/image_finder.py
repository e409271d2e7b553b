"""Where the images of a list lie: beside it, or in folders of images or of the parts of a dataset."""

from __future__ import annotations

import errno
from pathlib import Path, PurePosixPath, PureWindowsPath

from cnnkit.errors import DataError
from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.layouts import Part, folder_names, part_named

PLACES = frozenset({"images", "image", "imgs", "img", "photos", "pictures", "data"})  # folders of images of all parts


class ImageFinder:
    """Finds the images of a list.

    Args:
        listed: The list.
        part: The part of the dataset that it is of, so that the folders of others are not looked into; None for all.
    """

    def __init__(self, listed: Path, part: Part | None) -> None:
        self._listed, self._folder, self._part = listed, listed.parent, part
        self._real = self._folder.resolve()
        self._common, self._parts = list[str](), dict[str, Part]()
        for name in folder_names(self._folder):
            named = part_named(name)
            if named is not None:
                self._parts |= dict.fromkeys([name, *self._inside(name, named)], named)
            elif name.lower() in PLACES:
                self._common += [name, *self._inside(name, None)]

    def find(self, name: str, line: int, part: Part | None) -> Path | None:
        """Returns the file that a name means; None where there is none.

        Args:
            name: A path with slashes or backslashes; its suffix may be left out.
            line: Of the list, for messages.
            part: Of the dataset, as far as the line says it.

        Raises:
            DataError: The name is absolute, or it or a link leads out of the folder.
        """
        if PurePosixPath(name).is_absolute() or PureWindowsPath(name).anchor or ".." in PureWindowsPath(name).parts:
            raise self._outside(name, line)
        suffixes = ("",) if Path(name).suffix.lower() in IMAGE_SUFFIXES else ("", *sorted(IMAGE_SUFFIXES))
        spelled = dict.fromkeys([name, name.replace("\\", "/")])
        for place in self._places(self._part or part):
            for path in (self._folder / place / f"{own}{suffix}" for own in spelled for suffix in suffixes):
                if _is_file(path):
                    if not path.resolve().is_relative_to(self._real):
                        raise self._outside(name, line)
                    return path
        return None

    def _inside(self, name: str, part: Part | None) -> list[str]:
        """Returns the folders in a folder that are of the same kind: train/images, train/train, data/images."""
        inside = folder_names(self._folder / name)
        return [f"{name}/{own}" for own in inside if own.lower() in PLACES or (part and part_named(own) == part)]

    def _places(self, part: Part | None) -> list[str]:
        """Returns the folders in which an image may lie, those of its part first."""
        own = [name for name, named in self._parts.items() if named == part]
        others = [name for name in self._parts if name not in own] if self._part is None else []
        return [*own, "", *self._common, *others] if part else ["", *self._common, *sorted(others, key=self._rank)]

    def _rank(self, name: str) -> int:
        return ("train", "val", "test").index(self._parts[name])

    def _outside(self, name: str, line: int) -> DataError:
        return DataError(
            f"{self._listed}, line {line}: {name!r} leads out of the list's folder, expected names relative to it"
        )


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError as error:
        if error.errno == errno.ENAMETOOLONG:
            return False
        raise
