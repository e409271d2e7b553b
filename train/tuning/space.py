"""Spaces to search: which fields of a training vary, and between what."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.system import parse_toml
from cnnkit.train.architectures import choose_architecture, named_in
from cnnkit.train.recipes import Recipe, TrainingRequest, override

SPACE_FOLDER = Path(__file__).parent / "spaces"
_ARCHITECTURE = "architecture"
_RANGE_KEYS = {"low", "high", "log", "step"}

Value = str | int | float | bool


@dataclass(frozen=True)
class Choices:
    """A field that takes one of some values."""

    name: str
    values: tuple[Value, ...]


@dataclass(frozen=True)
class Range:
    """A number between two ends, both of which it may take."""

    name: str
    low: float
    high: float
    log: bool = False  # even over the logarithm
    step: float | None = None  # from the low end on; None takes any number

    @property
    def whole(self) -> bool:
        """Whether the field is a whole number."""
        return isinstance(getattr(Recipe(), self.name), int)

    def steps(self) -> tuple[float, ...]:
        """Returns all values of a range with steps, the high end where a step meets it."""
        assert self.step is not None
        count = int((self.high - self.low) / self.step * (1 + 1e-9))
        values = (self.low + index * self.step for index in range(count + 1))
        return tuple(round(value) if self.whole else round(value, 12) for value in values)


@dataclass(frozen=True)
class Space:
    """What is searched."""

    varied: tuple[Choices | Range, ...]  # at least one
    fixed: Mapping[str, Value]  # for all trials, unless flags say otherwise

    def names(self) -> tuple[str, ...]:
        """Returns the names of the varied fields."""
        return tuple(entry.name for entry in self.varied)

    def with_fixed(self, flags: Mapping[str, Any]) -> dict[str, Any]:
        """Returns the flags of a training, the fixed values for those that were not given.

        Raises:
            UsageError: A flag was given for a field that varies.
        """
        given = {name: value for name, value in flags.items() if value is not None}
        for name in self.names():
            if name in given:
                flag = "--arch" if name == _ARCHITECTURE else f"--{name.replace('_', '-')}"
                raise UsageError(f"{flag} is given and {name} varies in the space: leave one of them out")
        return {**self.fixed, **given}

    def apply(self, request: TrainingRequest, values: Mapping[str, Value]) -> TrainingRequest:
        """Returns the training with some values.

        Raises:
            UsageError: A value is none that the field can have.
        """
        fields = dict(values)
        architecture = str(fields.pop(_ARCHITECTURE, request.architecture))
        recipe = override(request.recipe, fields, where="space")
        return dataclasses.replace(request, architecture=choose_architecture(architecture).text, recipe=recipe)


def space_names() -> tuple[str, ...]:
    """Returns the names of the spaces that ship with cnnkit."""
    return tuple(sorted(path.stem for path in SPACE_FOLDER.glob("*.toml")))


def load_space(name_or_file: str) -> Space:
    """Reads a space: TOML with the fields of a recipe and `architecture`.

    Args:
        name_or_file: A shipped space's name, or a TOML file. A list is choices, a table {low, high, log, step} a range,
            anything else one value for all trials.

    Raises:
        UsageError: There is no such space, nothing in it varies, or a field is unknown, ill-typed or out of range.
    """
    path = SPACE_FOLDER / f"{name_or_file}.toml" if name_or_file in space_names() else Path(name_or_file)
    if not path.is_file():
        raise UsageError(f"no space {name_or_file!r}: expected a TOML file or one of {', '.join(space_names())}")
    try:
        fields = parse_toml(path.read_text(encoding="utf-8", errors="replace"))
    except ValueError as error:
        raise UsageError(f"space {path.name} is no TOML: {error}") from error
    where = f"space {path.name}"
    varied = tuple(
        _choices(name, value, where) if isinstance(value, list) else _range(name, value, where)
        for name, value in fields.items()
        if isinstance(value, (list, dict))
    )
    if not varied:
        raise UsageError(f"{where}: nothing varies, expected a list of values or a table with low and high")
    fixed = {
        name: _checked(name, value, where) for name, value in fields.items() if not isinstance(value, (list, dict))
    }
    return Space(varied, fixed)


def _choices(name: str, values: list[Any], where: str) -> Choices:
    if not values:
        raise UsageError(f"{where}: {name} is an empty list, expected values")
    checked = tuple(_checked(name, value, where) for value in values)
    if len(set(checked)) < len(checked):
        raise UsageError(f"{where}: {name} holds a value twice, expected each once")
    return Choices(name, checked)


def _range(name: str, table: Mapping[str, Any], where: str) -> Range:
    unknown = set(table) - _RANGE_KEYS
    if unknown or not {"low", "high"} <= set(table):
        raise UsageError(
            f"{where}: {name} holds {', '.join(table) or 'nothing'}, expected low, high and perhaps log, step"
        )
    low, high = (_checked(name, table[end], where) for end in ("low", "high"))
    log, step = table.get("log", False), table.get("step")
    if isinstance(low, (bool, str)) or isinstance(high, (bool, str)):
        raise UsageError(f"{where}: {name} is no number and has no range, expected a list of values")
    if low >= high:
        raise UsageError(f"{where}: {name} is low = {low:g}, high = {high:g}, expected the low end below the high one")
    if not isinstance(log, bool) or (log and (low <= 0 or step is not None)):
        raise UsageError(f"{where}: {name} is log = {log!r}, expected true or false, and true above 0 without a step")
    if step is not None and (isinstance(step, bool) or not isinstance(step, (int, float)) or step <= 0):
        raise UsageError(f"{where}: {name} has the step {step!r}, expected a number above 0")
    return Range(name, low, high, log, step)


def _checked(name: str, value: Any, where: str) -> Value:
    """Returns a value as the field has it."""
    if name == _ARCHITECTURE:
        if not isinstance(value, str):
            raise UsageError(f"{where}: architecture is {value!r}, expected a name")
        return choose_architecture(named_in(value, where, f"leave it out, and say --arch {value}")).text
    known = [entry.name for entry in dataclasses.fields(Recipe) if entry.name != "name"]
    if name not in known:
        raise UsageError(f"{where}: unknown field {name!r}, expected architecture or one of {', '.join(known)}")
    checked: Value = getattr(override(Recipe(), {name: value}, where=where), name)
    return checked
