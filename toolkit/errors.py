"""Every error that cnnkit raises on purpose.

CnnkitError              one line: what was wrong, what was expected, what to do next
|-- UsageError           flags that contradict each other or are missing       (exit code 2)
|-- ImageError           a file or array that is no usable image
|-- DataError            a folder or dataset that cannot be trained or measured on
|-- SourceError          a camera, video or path that cannot be opened
|-- SpecError            a model spec that is missing, malformed or too new
|-- ModelError           a model file that cannot be loaded or does not fit its spec
|-- ParityError          two runtimes that should agree and do not
|-- ReportError          a report that cannot be read back
|-- OutputError          a result that cannot be written
|-- DisplayError         no window can be opened
`-- MissingExtraError    an optional dependency that is not installed
"""

from __future__ import annotations

CTRL_C_EXIT = 130  # the exit code after Ctrl-C: 128 and SIGINT, as shells have it
_MOST_BEGIN, _MOST_END = 800, 200  # characters


def one_line(text: str) -> str:
    """Returns a message as one line that a terminal shows, its middle left out where it is too long.

    Files and libraries have a part in messages, and some would fill the screen or write its control sequences.
    """
    if len(text) > _MOST_BEGIN + _MOST_END:
        left_out = len(text) - _MOST_BEGIN - _MOST_END
        text = f"{text[:_MOST_BEGIN]} [{left_out:,} characters] {text[-_MOST_END:]}"
    return printable(" ".join(text.split()))


def printable(text: str, *, lines: bool = False) -> str:
    """Escapes what a terminal or a UTF-8 file cannot show: control characters and bytes that are no UTF-8.

    All text that comes from files passes here on its way to a person.

    Args:
        text: Anything.
        lines: Whether it may have several lines.
    """
    if text.isprintable():
        return text
    kept = "\n" if lines else ""
    return "".join(char if char.isprintable() or char in kept else ascii(char)[1:-1] for char in text)


class CnnkitError(Exception):
    """Base of all errors the user can act on; its text is one line without a trailing full stop."""

    exit_code = 1

    def __init__(self, message: str = "") -> None:
        super().__init__(one_line(message))


class UsageError(CnnkitError):
    """The command line or the arguments ask for something that cannot be meant."""

    exit_code = 2


class ImageError(CnnkitError):
    """An image cannot be read.

    Args:
        source: What the user called the image: a path, an address, "array".
        reason: What is wrong with it, without the source.
    """

    def __init__(self, source: str, reason: str) -> None:
        super().__init__(f"{source}: {reason}")
        self.source = source
        self.reason = reason


class DamagedImageWarning(UserWarning):
    """An image was read whose file is damaged: parts of it may be missing or wrong."""


class DataError(CnnkitError):
    """A dataset is empty, has one class, or does not match the model."""


class SourceError(CnnkitError):
    """A source of images cannot be opened or listed."""


class SpecError(CnnkitError):
    """A model spec is missing, malformed, or of a version this cnnkit does not know."""


class ModelError(CnnkitError):
    """A model file cannot be loaded, or its graph contradicts its spec."""


class ParityError(CnnkitError):
    """Two runtimes give different answers for the same image."""


class ReportError(CnnkitError):
    """A report of an earlier run is no report, cut short, or of another version."""


class OutputError(CnnkitError):
    """A result cannot be written where it was asked for."""


class DisplayError(CnnkitError):
    """A window cannot be opened on this machine."""


class MissingExtraError(CnnkitError):
    """An optional dependency is missing.

    Args:
        what: The thing that needs it, such as "cnnkit train".
        extra: The extra of the cnnkit distribution that brings it.
        module: The module that could not be imported.
    """

    def __init__(self, what: str, extra: str, module: str) -> None:
        super().__init__(f"{what} needs {module}, which is not installed: pip install 'cnnkit[{extra}]'")
        self.extra = extra
