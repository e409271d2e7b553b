"""A JSON object whose fields are taken one by one, with their types, until none is left."""

from __future__ import annotations

import base64
import binascii
import math
from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

from cnnkit.errors import SpecError

LARGEST = 2**63 - 1  # of whole numbers
_SHOWN = 60  # characters of a value


def repeated(names: Iterable[str]) -> list[str]:
    """Returns those that stand there more than once, however many there are in all."""
    return [name for name, count in Counter(names).items() if count > 1]


class StrictObject:
    """Takes typed fields out of a JSON object; `close` refuses what nobody took.

    Args:
        value: A parsed JSON value, which must be an object.
        where: The value's place in the document, for messages: "spec.input".

    Raises:
        SpecError: From every method, when a field is missing or not of the type asked for.
    """

    def __init__(self, value: object, where: str) -> None:
        if not isinstance(value, dict):
            raise SpecError(f"{where} is {_kind(value)}, expected an object")
        self.where = where
        self._fields: dict[str, Any] = dict(value)

    def close(self) -> None:
        """Raises SpecError when fields are left that nobody asked for."""
        if self._fields:
            raise SpecError(f"{self.where} has the unknown field {min(self._fields)!r}: export the model again")

    def has(self, key: str) -> bool:
        """Whether a field is there and was not taken yet."""
        return key in self._fields

    def names(self) -> list[str]:
        """Returns the names of the fields that were not taken yet."""
        return list(self._fields)

    def _take(self, key: str) -> Any:
        if key not in self._fields:
            raise SpecError(f"{self.where} lacks the field {key!r}: export the model again")
        return self._fields.pop(key)

    def _wrong(self, key: str, value: object, expected: str) -> SpecError:
        return SpecError(f"{self.where}.{key} is {_kind(value)}, expected {expected}")

    def text(self, key: str) -> str:
        value = self._take(key)
        if not isinstance(value, str):
            raise self._wrong(key, value, "text")
        return value

    def text_or_none(self, key: str) -> str | None:
        return None if self._take_none(key) else self.text(key)

    def choice(self, key: str, choices: Sequence[str]) -> str:
        value = self.text(key)
        if value not in choices:
            raise SpecError(f"{self.where}.{key} is {value!r}, expected one of {', '.join(choices)}")
        return value

    def integer(self, key: str, minimum: int | None = None, maximum: int = LARGEST) -> int:
        value = self._take(key)
        if not isinstance(value, int) or isinstance(value, bool):
            raise self._wrong(key, value, "a whole number")
        if value < (-maximum if minimum is None else minimum):
            raise SpecError(f"{self.where}.{key} is {str(value)[:_SHOWN]}, expected {minimum or 0} or more")
        if value > maximum:
            raise SpecError(f"{self.where}.{key} is {_kind(value)}, expected {maximum:,} or less")
        return value

    def integer_or_none(self, key: str) -> int | None:
        return None if self._take_none(key) else self.integer(key)

    def truth(self, key: str) -> bool:
        value = self._take(key)
        if not isinstance(value, bool):
            raise self._wrong(key, value, "true or false")
        return value

    def number(self, key: str) -> float:
        value = self._take(key)
        if not _is_number(value):
            raise self._wrong(key, value, "a finite number")
        return float(value)

    def numbers(self, key: str, count: int | None = None) -> tuple[float, ...]:
        values = self._list(key)
        if not all(map(_is_number, values)):
            raise SpecError(f"{self.where}.{key} holds something that is no finite number")
        if count is not None and len(values) != count:
            raise SpecError(f"{self.where}.{key} has {len(values)} numbers, expected {count}")
        return tuple(map(float, values))

    def texts(self, key: str) -> tuple[str, ...]:
        values = self._list(key)
        if not all(isinstance(value, str) for value in values):
            raise SpecError(f"{self.where}.{key} holds something that is no text")
        return tuple(values)

    def counts(self, key: str) -> dict[str, int]:
        child = self.object(key)
        return {name: child.integer(name, minimum=0) for name in child.names()}

    def figures(self, key: str) -> dict[str, float]:
        child = self.object(key)
        return {name: child.number(name) for name in child.names()}

    def base64(self, key: str) -> bytes:
        try:
            return base64.b64decode(self.text(key), validate=True)
        except (binascii.Error, ValueError) as error:
            raise SpecError(f"{self.where}.{key} is no base64 ({error}): export the model again") from error

    def object(self, key: str) -> StrictObject:
        return StrictObject(self._take(key), f"{self.where}.{key}")

    def object_or_none(self, key: str) -> StrictObject | None:
        return None if self._take_none(key) else self.object(key)

    def objects(self, key: str, at_most: int) -> list[StrictObject]:
        values = self._list(key)
        if len(values) > at_most:
            raise SpecError(f"{self.where}.{key} has {len(values)} entries, expected at most {at_most}")
        return [StrictObject(value, f"{self.where}.{key}[{index}]") for index, value in enumerate(values)]

    def _list(self, key: str) -> list[Any]:
        value = self._take(key)
        if not isinstance(value, list):
            raise self._wrong(key, value, "a list")
        return value

    def _take_none(self, key: str) -> bool:
        """Takes the field if it is null, and says whether it was."""
        return key in self._fields and self._fields[key] is None and self._fields.pop(key) is None


def _is_number(value: object) -> bool:
    if not isinstance(value, (int, float)) or isinstance(value, bool):
        return False
    try:
        return math.isfinite(value)
    except OverflowError:  # a whole number that no float can hold
        return False


def _kind(value: object) -> str:
    if value is None:
        return "null"
    return f"{type(value).__name__} {value!r}"[:_SHOWN]
