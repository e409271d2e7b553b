"""Whether a run may be gone on with: the same options and images, or nothing but more epochs."""

from __future__ import annotations

import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.errors import DataError, UsageError
from cnnkit.system import parse_json, read_regular
from cnnkit.train.fitting import CHECKPOINT_FILE as CHECKPOINT

_ENDING = ("cosine", "one-cycle")  # schedules that fall to 0 at the last epoch
_OF_IMAGES = ("fingerprint", "images", "classes")
_FITTED = {"epochs", "batch_size", "learning_rate"}  # they follow the number of images, see `small_data`
_SHOWN = 5  # classes


def trains_longer(stored: Path, wanted: Mapping[str, Any]) -> bool:
    """Whether nothing but more epochs are wanted, which a schedule that does not know its end allows, or has not begun.

    Args:
        stored: The run's config.json.
        wanted: The fields of the one that is asked for.

    Raises:
        UsageError: The schedule has come to its end.
        DataError: The file is damaged.
    """
    before, now = _read_config(stored), {**wanted, **wanted["recipe"]}
    changed = _changed(before, now)
    if not before["epochs"] and "epochs" in changed and set(changed) <= _FITTED:
        return True  # the last layer alone is fitted: no schedule has begun
    if changed != ["epochs"] or before["epochs"] > now["epochs"]:
        return False
    if now["schedule"] in _ENDING or now["warmup"]:
        raise UsageError(
            f"the schedule {now['schedule']} was laid out for {before['epochs']} epochs and cannot go on to "
            f"{now['epochs']}: fine-tune with {_from(stored)}, or train anew with --overwrite"
        )
    return True


def refuse_change(stored: Path, wanted: Mapping[str, Any]) -> None:
    """Refuses to go on with other options or images, and says which.

    Args:
        stored: The run's config.json.
        wanted: The fields of the one that is asked for.

    Raises:
        UsageError: They differ.
        DataError: The file is damaged.
    """
    before, now = _read_config(stored), {**wanted, **wanted["recipe"]}
    if now["weights"] is None and stored.with_name(CHECKPOINT).exists():  # which has all weights: no file is needed
        now["weights"] = before.get("weights")
    changed = _changed(before, now)
    others = [name for name in changed if name not in _OF_IMAGES]
    if len(others) < len(changed) and set(others) <= _FITTED:
        raise UsageError(
            f"the run cannot be resumed with other images: {_other_images(before, now)}; put them back, train on them "
            f"with {_from(stored)}, or use --overwrite"
        )
    if others:
        changes = ", ".join(f"{name} was {before.get(name)!r} and is {now[name]!r}" for name in others)
        raise UsageError(f"the run cannot be resumed with other options: {changes}; use the old ones or --overwrite")


def _from(stored: Path) -> str:
    return f"--from {shlex.quote(str(stored.parent))} and another --out"


def _changed(before: Mapping[str, Any], now: Mapping[str, Any]) -> list[str]:
    """Returns the fields that differ. `classes` says what the fingerprint knows, and is not in earlier runs."""
    return [name for name in now if name not in ("recipe", "classes") and before.get(name) != now[name]]


def _other_images(before: Mapping[str, Any], now: Mapping[str, Any]) -> str:
    """Says class by class what differs, or how many images there are where the run knows no more."""
    old, new = before.get("classes"), now.get("classes")
    if not old or not new:
        return f"it had {_counted(before.get('images'))}, and now there are {_counted(now['images'])}"
    lines = [line for label in {**old, **new} if (line := _other_class(label, old.get(label), new.get(label)))]
    if not lines:
        return "they are the same ones, divided or ordered otherwise"
    more = f"; and {len(lines) - _SHOWN} more classes" if len(lines) > _SHOWN else ""
    return "; ".join(lines[:_SHOWN]) + more


def _other_class(label: str, old: Mapping[str, Any] | None, new: Mapping[str, Any] | None) -> str:
    if old == new:
        return ""
    if new is None:
        return f"{label}: none, were {_of(old):,}"
    if old is None:
        return f"{label}: {_of(new):,} images, a new class"
    if _of(old) == _of(new):
        return f"{label}: {_of(new):,} images, others than before"
    return f"{label}: {_of(new):,} images, were {_of(old):,}"


def _of(record: Mapping[str, Any] | None) -> int:
    return int(record["images"]) if record else 0


def _counted(images: Mapping[str, int] | None) -> str:
    if not images:
        return "others"
    return ", ".join(f"{count:,} {name}" for name, count in images.items())


def _read_config(path: Path) -> dict[str, Any]:
    try:
        fields = parse_json(read_regular(path))
        recipe = fields["recipe"]
        return {**fields, **recipe}
    except (ValueError, KeyError, TypeError) as error:
        raise DataError(f"{path} is damaged ({error!r}): train again with --overwrite") from error
