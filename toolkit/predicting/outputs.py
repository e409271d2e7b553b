"""What is made of images and their answers besides rows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from cnnkit.errors import OutputError, UsageError
from cnnkit.predicting.options import Outcome
from cnnkit.sources import FoundImage

SHEET_SUFFIXES = (".png", ".jpg", ".jpeg", ".webp")


class OutcomeSink(Protocol):
    """Takes outcomes batch by batch."""

    @property
    def picture_side(self) -> int:
        """Pixels of the longest side of the pictures that outcomes shall have; 0 where none are needed."""
        ...

    def skip(self, found: FoundImage) -> None:
        """Passes over an image that an interrupted run has done."""
        ...

    def add(self, outcomes: Sequence[Outcome]) -> Mapping[int, str]:
        """Takes a batch, and returns of which of them it could not write what it should, and why."""
        ...

    def close(self) -> None:
        """Does what comes after the last batch."""
        ...


@dataclass(frozen=True)
class OutputOptions:
    """Which of them are asked for."""

    annotate: Path | None = None  # a folder for images with label and bars
    sort_into: Path | None = None  # a folder with one for each class
    link: bool = False  # in those, links rather than copies
    grid: Path | None = None  # a contact sheet
    overwrite: bool = False  # whether what is there may be replaced


def open_outputs(options: OutputOptions, *, models: int, resume: bool) -> list[OutcomeSink]:
    """Opens what is asked for.

    Args:
        options: See there.
        models: How many answer.
        resume: Whether an interrupted run is gone on with, whose files are kept.

    Raises:
        UsageError: There are several models, or links without a folder.
        OutputError: A folder exists and is not empty, or something cannot be written.
    """
    if options.link and options.sort_into is None:
        raise UsageError("--link says how --sort-into works: add --sort-into DIR")
    if models > 1 and (options.annotate or options.sort_into or options.grid):
        raise UsageError("--annotate, --sort-into and --grid take the answers of one model: name one --model")
    sinks: list[OutcomeSink] = []
    if options.annotate is not None:
        from cnnkit.predicting.annotating import Annotator

        sinks.append(Annotator(_folder(options.annotate, resume or options.overwrite)))
    if options.sort_into is not None:
        from cnnkit.predicting.sorting import Sorter

        sinks.append(Sorter(_folder(options.sort_into, resume or options.overwrite), link=options.link))
    if options.grid is not None:
        from cnnkit.predicting.contact_sheet import ContactSheet

        check_sheet(options.grid, overwrite=resume or options.overwrite)
        sinks.append(ContactSheet(options.grid))
    return sinks


def _folder(path: Path, overwrite: bool) -> Path:
    from cnnkit.system import check_new_folder, check_writable, make_folder

    check_new_folder(path, overwrite=overwrite or (path.is_dir() and not any(path.iterdir())))
    make_folder(path)
    check_writable(path)
    return path


def check_sheet(path: Path, *, overwrite: bool) -> None:
    """Refuses a path that cannot become a picture, before the work is done.

    Raises:
        OutputError: It has another suffix than those of `SHEET_SUFFIXES`, exists already or cannot be written.
    """
    from cnnkit.system import check_new_file

    if path.suffix.lower() not in SHEET_SUFFIXES:
        raise OutputError(f"cannot write {path}: expected a file name that ends in {', '.join(SHEET_SUFFIXES)}")
    check_new_file(path, overwrite=overwrite)
