"""Recipes: every number of a training, as a TOML file and a frozen dataclass with the same field names."""

from __future__ import annotations

import dataclasses
import tomllib
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType
from typing import Any

from cnnkit.errors import UsageError

OPTIMIZERS = ("sgd", "adam", "adamw", "nadam", "rmsprop")
SCHEDULES = ("constant", "cosine", "one-cycle")
RECIPE_FOLDER = Path(__file__).parent / "recipes"


@dataclass(frozen=True)
class Recipe:
    """How a network is trained."""

    name: str = "custom"
    epochs: int = 20  # passes over the training images
    batch_size: int = 128  # images a step
    optimizer: str = "adam"  # one of OPTIMIZERS
    learning_rate: float = 1e-3  # the peak, for schedules that move
    momentum: float = 0.9  # SGD (Nesterov) and RMSprop alone
    weight_decay: float = 0.0  # decoupled: w -= learning_rate * weight_decay * w, on kernels alone
    schedule: str = "constant"  # one of SCHEDULES
    warmup: float = 0.0  # share of all steps in which the learning rate rises to its peak
    label_smoothing: float = 0.0  # 0 to below 1
    flip: bool = False  # mirror left and right, at random
    translate: float = 0.0  # largest shift, as a fraction of height and width
    zoom: float = 0.0  # largest change of size, as a fraction
    rotate: float = 0.0  # largest angle, degrees


# Field -> (lowest, highest) that make sense; the ends are allowed.
_RANGES = MappingProxyType(
    {
        "epochs": (1, 100_000),
        "batch_size": (1, 65_536),
        "learning_rate": (1e-9, 100.0),
        "momentum": (0.0, 0.999),
        "weight_decay": (0.0, 10.0),
        "warmup": (0.0, 1.0),
        "label_smoothing": (0.0, 0.99),
        "translate": (0.0, 0.9),
        "zoom": (0.0, 0.9),
        "rotate": (0.0, 180.0),
    }
)
_CHOICES = MappingProxyType({"optimizer": OPTIMIZERS, "schedule": SCHEDULES})


def recipe_names() -> tuple[str, ...]:
    """Returns the names of the recipes that ship with cnnkit."""
    return tuple(sorted(path.stem for path in RECIPE_FOLDER.glob("*.toml")))


def load_recipe(name_or_file: str) -> Recipe:
    """Reads a shipped recipe by its name, or one of the user's by its path.

    Raises:
        UsageError: There is no such recipe, or a field is unknown, ill-typed or out of range.
    """
    path = RECIPE_FOLDER / f"{name_or_file}.toml" if name_or_file in recipe_names() else Path(name_or_file)
    if not path.is_file():
        raise UsageError(f"no recipe {name_or_file!r}: expected a TOML file or one of {', '.join(recipe_names())}")
    try:
        fields = tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise UsageError(f"recipe {path.name} is no TOML: {error}") from error
    return override(Recipe(name=path.stem), fields, where=f"recipe {path.name}")


def override(recipe: Recipe, fields: dict[str, Any], *, where: str = "options") -> Recipe:
    """Returns the recipe with some fields changed and checked.

    Args:
        recipe: Where the other fields come from.
        fields: Field name to value.
        where: What the fields were read from, for messages.

    Raises:
        UsageError: A field is unknown, ill-typed or out of range.
    """
    known = {field.name: field for field in dataclasses.fields(Recipe)}
    for name, value in fields.items():
        if name not in known:
            raise UsageError(f"{where}: unknown field {name!r}, expected one of {', '.join(known)}")
        _check(name, value, getattr(recipe, name), where)
    typed: dict[str, Any] = {
        name: float(value) if known[name].type == "float" else value for name, value in fields.items()
    }
    return dataclasses.replace(recipe, **typed)


def _check(name: str, value: object, default: object, where: str) -> None:
    expected = (int, float) if isinstance(default, float) else (type(default),)
    if not isinstance(value, expected) or (isinstance(value, bool) and not isinstance(default, bool)):
        raise UsageError(f"{where}: {name} is {value!r}, expected {type(default).__name__}")
    if name in _CHOICES and value not in _CHOICES[name]:
        raise UsageError(f"{where}: {name} is {value!r}, expected one of {', '.join(_CHOICES[name])}")
    if name in _RANGES and isinstance(value, (int, float)):
        lowest, highest = _RANGES[name]
        if not lowest <= value <= highest:
            raise UsageError(f"{where}: {name} is {value}, expected {lowest:g} to {highest:g}")
