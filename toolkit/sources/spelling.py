"""Names of classes that are one name, spelled otherwise: `Ant` and `ant`, `red_ant` and `red ant`."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from pathlib import Path
from unicodedata import normalize

from cnnkit.system import log

_SHOWN = 5
_MOST_CLASSES = 20  # that a message names


def find_places(names: Iterable[str], known: Sequence[str], where: Path) -> dict[str, int]:
    """Finds the classes that names mean; where one is spelled otherwise, that is said.

    Args:
        names: Of folders, or labels of a list.
        known: The classes.
        where: What to call the place of the names in messages.

    Returns:
        The place among the known ones of each name that means one: the same in Unicode's NFC form, or else the only one
        that differs from it in capitals, spaces, hyphens and underscores alone.
    """
    exact = {normalize("NFC", label): place for place, label in enumerate(known)}
    loose = dict[str, list[int]]()
    for place, label in enumerate(known):
        loose.setdefault(_letters(label), []).append(place)
    places, taken = dict[str, int](), list[str]()
    for name in names:
        alike = [exact[normalize("NFC", name)]] if normalize("NFC", name) in exact else loose.get(_letters(name), [])
        if len(alike) == 1:
            places[name] = alike[0]
            if normalize("NFC", name) not in exact:
                taken.append(f"{name} for {known[alike[0]]}")
    if taken:
        log.warning("%s: taken by its letters: %s", where, _shown(taken))
    return places


def warn_of_spellings(labels: Sequence[str], where: Path) -> None:
    """Warns of classes that differ in spelling alone: they are learned as two."""
    groups = dict[str, list[str]]()
    for label in labels:
        groups.setdefault(_letters(label), []).append(label)
    torn = [" and ".join(map(repr, group)) for group in groups.values() if len(group) > 1]
    if torn:
        log.warning(
            "%s: %s differ in capitals, spaces, hyphens or underscores alone and are learned as different classes: "
            "give both one name if they are one", where, _shown(torn)
        )  # fmt: skip


def _letters(name: str) -> str:
    return re.sub(r"[\s_-]+", " ", normalize("NFC", name)).strip().casefold()


def _shown(parts: Sequence[str]) -> str:
    return ", ".join(parts[:_SHOWN]) + (f", ... ({len(parts)})" if len(parts) > _SHOWN else "")


def some_classes(known: Sequence[str], strangers: Sequence[str] = ()) -> str:
    """Returns the names of classes for a message: of many some, those first that are spelled like the strangers."""
    if len(known) <= _MOST_CLASSES:
        return ", ".join(known)
    from difflib import get_close_matches

    near = dict.fromkeys(label for name in strangers[:_SHOWN] for label in get_close_matches(name, known, 2))
    named = list(near | dict.fromkeys(known))[:_MOST_CLASSES]
    return f"{', '.join(named)} and {len(known) - len(named):,} more"
