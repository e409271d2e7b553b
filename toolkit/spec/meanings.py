"""What class names and scalings can be meant, whoever says them: a file, its metadata, or a user."""

from __future__ import annotations

from collections.abc import Sequence
from unicodedata import normalize

from cnnkit.spec.fields import NO_LABEL
from cnnkit.spec.strict import repeated

_LONGEST = 1000  # characters of a class name
_LEAST, _MOST = 1e-12, 1e12  # float32 holds whatever is made of a pixel with these
_BETWEEN = ", "  # independent labels in an answer


def wrong_labels(labels: Sequence[str], *, independent: bool = False) -> str | None:
    """Says what is wrong with class names, as what follows on "the labels": None where nothing is.

    Args:
        labels: One a class. Those that look the same are the same: accents may be written in two ways.
        independent: Whether an answer may name any number of them.
    """
    shown = [label if label.isascii() else normalize("NFC", label) for label in map(str.strip, labels)]
    if "" in shown:
        return "holds an empty name"
    if len(set(shown)) < len(shown):
        return f"names {repeated(shown)[0][:_LONGEST]!r} more than once, expected distinct class names"
    if len(shown) < 2:
        return f"has {len(shown)} class names, expected at least 2"
    if max(map(len, shown)) > _LONGEST:
        return f"holds a name of {max(map(len, shown)):,} characters, expected at most {_LONGEST:,}"
    if any(not label.isascii() and not label.isprintable() and _broken(label) for label in shown):
        return "holds a name with half a character, expected text"
    doubtful = next((label for label in shown if label == NO_LABEL or _BETWEEN in label), None)
    if independent and doubtful is not None:
        return (
            f"names {doubtful!r}, expected names without comma and space, and not {NO_LABEL!r}: an image may have "
            f"several of them, or {NO_LABEL}"
        )
    return None


def wrong_scaling(scale: float, mean: Sequence[float], std: Sequence[float]) -> str | None:
    """Says what is wrong with (pixel * scale - mean) / std, as what follows on "the": None where nothing is.

    Args:
        scale: Not 0.
        mean: One a channel.
        std: One a channel, above 0.
    """
    if not _LEAST <= abs(scale) <= _MOST:
        return f"scale is {scale:g}, expected a number that is not 0, from {_LEAST:g} to {_MOST:g}"
    if min(std, default=1.0) <= 0:
        return f"std holds {min(std)}, expected numbers above 0"
    if not all(_LEAST <= number <= _MOST for number in std):
        return f"std holds {min(std):g} to {max(std):g}, expected numbers from {_LEAST:g} to {_MOST:g}"
    if not all(abs(number) <= _MOST for number in mean):
        return f"mean holds {max(mean, key=abs):g}, expected numbers up to {_MOST:g}"
    return None


def _broken(label: str) -> bool:
    return any("\ud800" <= character <= "\udfff" for character in label)
