"""The commands of every measurement beside its key, as they stand once, at the end of bench/FIGURES.md."""

from __future__ import annotations

import re
import textwrap
from collections.abc import Sequence

from figures.figure import FigureError, Measurement

HEADING, OPENED, CLOSED = "\n## Keys\n", "\n```console\n", "```\n"
WIDTH = 110  # characters of a line, without the backslash that goes on
TIE = "\0"  # a space at which no line ends


def with_keys(text: str, measurements: Sequence[Measurement]) -> str:
    """Returns the text of a page with the commands of measurements in place of those of before.

    Raises:
        FigureError: It has no list of commands below the heading.
    """
    before, heading, section = text.partition(HEADING)
    introduction, opened, old = section.partition(OPENED)
    _, closed, after = old.partition(CLOSED)
    if not closed:
        raise FigureError("the page has no block of commands below the heading Keys, expected one")
    return f"{before}{heading}{introduction}{opened}{commands_by_key(measurements)}\n{closed}{after}"


def commands_by_key(measurements: Sequence[Measurement]) -> str:
    """Returns a paragraph for each measurement: its key, what it takes, and its commands in their order."""
    return "\n\n".join(
        "\n".join([f"# {each.name}: {_takes(each)}", *map(_wrapped, each.commands)]) for each in measurements
    )


def _takes(measurement: Measurement) -> str:
    extras, modules = measurement.extras, measurement.modules
    notes = [f"about {measurement.minutes:g} min"]
    notes += [f"needs the extra{'s'[: len(extras) > 1]} {' and '.join(extras)}"] if extras else []
    notes += [f"needs {' and '.join(modules)}"] if modules else []
    folders = [f"{folder}/" for folder in (measurement.photos or "").split()]
    notes += [f"needs {' and '.join(folders)} in CNNKIT_PHOTOS"] if folders else []
    notes += ["only when named"] if measurement.on_request else []
    return ", ".join(notes)


def _wrapped(command: str) -> str:
    """Returns a command as a shell reads it, over several lines that end before an option."""
    tied = re.sub(r" (?!-)", TIE, command)
    lines = textwrap.wrap(tied, WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
    return "$ " + " \\\n".join(lines).replace(TIE, " ")
