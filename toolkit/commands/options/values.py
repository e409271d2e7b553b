"""Option values that click has no type for; each function is given as an option's `type`."""

from __future__ import annotations

import math
from contextlib import suppress
from typing import Any

import click

from cnnkit.system import TypedAddress

_TIMES = {"": 1.0, "ms": 0.001, "s": 1.0, "m": 60.0, "h": 3600.0, "d": 86400.0}
_SIZES = {"": 1.0, "b": 1.0, "kb": 1e3, "mb": 1e6, "gb": 1e9, "tb": 1e12}


class Range(click.FloatRange):
    """A number in a range; click's own lets "nan" through, which is neither above nor below anything, and "inf"."""

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads the number."""
        found = float(super().convert(value, param, ctx))
        if not math.isfinite(found):
            self.fail(f"{value} is no finite number.", param, ctx)
        return found


class Seconds(Range):
    """A time in seconds, or in the unit behind it: "90", "500ms", "10m"."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> float:
        """Reads the time."""
        found = float(value) if not isinstance(value, str) else _with_unit(value, _TIMES)
        if found is None:
            self.fail(f"{value!r} is no time, expected one such as 90, 500ms, 10m or 2h", param, ctx)
        return super().convert(found, param, ctx)


class Source(click.ParamType):  # type: ignore[type-arg]
    """An address, with a password perhaps; in an environment variable one a line."""

    name = "text"

    def split_envvar_value(self, rv: str) -> list[str]:
        """Takes the lines of a variable, but those in which nothing stands."""
        return [line.strip() for line in rv.split("\n") if line.strip()] or [rv]

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> TypedAddress:
        """Takes what was typed."""
        if isinstance(value, str) and not value.strip():
            self.fail("it is empty, expected a camera's index, a device, a video file or an address", param, ctx)
        return value if isinstance(value, TypedAddress) else TypedAddress(value)


def number(text: str) -> float:
    """Reads a number, or a fraction such as 1/255 or 1/127.5."""
    from fractions import Fraction

    above, slash, below = text.rpartition("/")
    try:
        return float(Fraction(above) / Fraction(below) if slash else Fraction(below))
    except (ValueError, ZeroDivisionError, OverflowError) as error:
        raise click.BadParameter(f"{text!r} is no number, expected one such as 0.5 or 1/255") from error


def fraction(text: str) -> float:
    """Reads a fraction from 0 up, also in percent: "0.1", "10%"."""
    value = number(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    if not 0 <= value < math.inf:
        raise click.BadParameter(f"{text!r} is no fraction, expected one such as 10% or 0.1")
    return value


def numbers(text: str) -> tuple[float, ...]:
    """Reads numbers separated by commas, fractions among them."""
    return tuple(map(number, text.split(",")))


def size(text: str) -> tuple[int, int]:
    """Reads an image size, HEIGHTxWIDTH or one number for both, as (height, width)."""
    return _pair(text, "no size, expected HEIGHTxWIDTH such as 224x224")


def steps(text: str) -> tuple[int, int]:
    """Reads a stride, DOWNxRIGHT or one number for both, as (down, right)."""
    return _pair(text, "no stride, expected a whole number above 0, or two as DOWNxRIGHT such as 2x1")


def _pair(text: str, expected: str) -> tuple[int, int]:
    parts = text.lower().split("x")
    if len(parts) > 2 or not all(part.isdecimal() and len(part) < 10 and int(part) for part in parts):
        raise click.BadParameter(f"{text!r} is {expected}")
    return int(parts[0]), int(parts[-1])


def data_size(text: str) -> int:
    """Reads a number of bytes: "500MB", "20GB", "1.5TB"."""
    value = _with_unit(text, _SIZES)
    if value is None:
        raise click.BadParameter(f"{text!r} is no size, expected one such as 500MB or 20GB")
    if not 0 < value < math.inf:
        raise click.BadParameter(f"{text!r} is out of range, expected more than 0")
    return int(value)


def _with_unit(text: str, units: dict[str, float]) -> float | None:
    """Returns a number times its unit, which may stand apart and in capitals; None where it is none."""
    whole = text.strip().lower()
    for unit, factor in units.items():
        if whole.endswith(unit):
            with suppress(ValueError):
                return float(whole.removesuffix(unit)) * factor
    return None


def frame_size(text: str) -> tuple[int, int]:
    """Reads the size of a camera's pictures, WIDTHxHEIGHT, as (width, height)."""
    width, height = _pair(text, "no size, expected WIDTHxHEIGHT such as 1280x720")
    return width, height


def fourcc(text: str) -> str:
    """Reads a camera's format, four letters: "mjpg", "YUYV"."""
    if len(text) != 4 or not text.isalnum() or not text.isascii():
        raise click.BadParameter(f"{text!r} is no format, expected four letters such as mjpg or yuyv")
    return text.upper()
