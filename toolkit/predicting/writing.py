"""Files made of images, one of which may fail alone: then its row says so, and the rest goes on."""

from __future__ import annotations

import errno
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from cnnkit.errors import CnnkitError, ImageError, OutputError
from cnnkit.predicting.options import Outcome

_NAMES = frozenset({errno.ENAMETOOLONG, errno.EILSEQ, errno.EINVAL})  # of a name that the disk does not take


def write_each(outcomes: Sequence[Outcome], write: Callable[[Outcome], None], folder: Path) -> dict[int, str]:
    """Writes what there is of each outcome.

    Args:
        outcomes: Of a batch.
        write: Writes the file of one.
        folder: Where to, for messages.

    Returns:
        Why there is none, by the index of the outcome.

    Raises:
        OutputError: A file cannot be written for a reason that is not its own, such as a full disk.
    """
    reasons = {}
    for index, outcome in enumerate(outcomes):
        try:
            write(outcome)
        except (OutputError, ImageError) as error:
            why = _own_reason(error)
            if why is None:
                raise
            reasons[index] = f"not written into {folder}: {why}"
    return reasons


def with_reasons(outcomes: Sequence[Outcome], reasons: Mapping[int, str]) -> Sequence[Outcome]:
    """Returns outcomes whose rows say of which something could not be written."""
    if not reasons:
        return outcomes
    return [
        _unwritten(outcome, reasons[index]) if index in reasons else outcome for index, outcome in enumerate(outcomes)
    ]


def _unwritten(outcome: Outcome, reason: str) -> Outcome:
    rows = tuple(
        replace(row, warning=reason if row.warning is None else f"{row.warning}; {reason}") for row in outcome.rows
    )
    return outcome._replace(rows=rows, unwritten=True)


def _own_reason(error: CnnkitError) -> str | None:
    """Returns why one file alone cannot be written, or the image it is made of not be read again."""
    if isinstance(error, ImageError):
        return error.reason
    cause = error.__cause__
    return cause.strerror if isinstance(cause, OSError) and cause.errno in _NAMES else None
