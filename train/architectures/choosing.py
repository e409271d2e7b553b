"""From what stands behind `--arch` to an architecture with its options.

One text says all of it, NAME:OPTION=VALUE,... or PACKAGE.MODULE:FUNCTION, so that a search over architectures, a run's
config.json and a file's provenance name a network completely with what a person types.
"""

from __future__ import annotations

import dataclasses
from dataclasses import dataclass
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.architectures.custom import build_custom, is_function
from cnnkit.train.architectures.options import NoOptions, options_text, parse_options
from cnnkit.train.architectures.registry import ARCHITECTURES
from cnnkit.train.architectures.shape import Architecture

_CUSTOM_SIZE = 32  # pixels a side, unless --size says otherwise


@dataclass(frozen=True)
class Choice:
    """An architecture with its options."""

    architecture: Architecture
    options: Any  # an instance of architecture.options

    @property
    def text(self) -> str:
        """The shortest text that chooses the same."""
        said = options_text(self.options)
        return f"{self.architecture.name}:{said}" if said else self.architecture.name


def choose_architecture(text: str) -> Choice:
    """Reads what stands behind `--arch`.

    Args:
        text: A name of the registry, with options where wanted: "resnet8", "resnet8:width=32"; or a function that takes
            a NetworkShape and gives a keras.Model: "package.module:function".

    Raises:
        UsageError: There is no such architecture, or an option is wrong.
    """
    name, _, rest = text.partition(":")
    if name in ARCHITECTURES:
        architecture = ARCHITECTURES[name]
        return Choice(architecture, parse_options(architecture.options, rest, name))
    if is_function(text):
        return Choice(Architecture(text, _CUSTOM_SIZE, lambda shape, _: build_custom(text, shape)), NoOptions())
    raise UsageError(
        f"no architecture {name!r}, expected package.module:function or one of {', '.join(sorted(ARCHITECTURES))}"
    )


def named_in(text: str, source: object, advice: str = "") -> str:
    """Returns an architecture that a file names, which may come from anybody: a function is imported on demand alone.

    Args:
        text: See `choose_architecture`.
        source: The file, for messages.
        advice: What to do, for messages; by default to add `--arch`.

    Raises:
        UsageError: It is a function, and to import its module would run what is in it.
    """
    if text.partition(":")[0] not in ARCHITECTURES and is_function(text):
        raise UsageError(
            f"{source} names the Python function {text}, and no module is imported because a file says so: "
            f"{advice or f'add --arch {text} if you trust it'}"
        )
    return text


def find_architecture(text: str) -> Architecture:
    """Looks an architecture up, options aside; see `choose_architecture`."""
    return choose_architecture(text).architecture


def add_option(text: str, name: str, value: str) -> str:
    """Returns the text with one more option, for flags that stand for one.

    Raises:
        UsageError: The architecture is a function, which has no options.
    """
    if find_architecture(text).name not in ARCHITECTURES:
        raise UsageError(f"{text} takes no --{name}: the function itself decides")
    return f"{text}{',' if ':' in text else ':'}{name}={value}"


def without_weights(text: str) -> str:
    """Returns the architecture with random weights, where it would load others.

    Raises:
        UsageError: There is no such architecture, or an option is wrong.
    """
    chosen = choose_architecture(text)
    if getattr(chosen.options, "weights", "none") == "none":
        return text
    return Choice(chosen.architecture, dataclasses.replace(chosen.options, weights="none")).text
