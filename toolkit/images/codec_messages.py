"""What image codecs print on the process's stderr, given to the image it is about.

libjpeg decodes damaged data as well as it can, and says so in a line without a name, which goes past Python to file
descriptor 2. While images are decoded, the descriptor leads into a file: what codecs print there is taken out, and what
others print reaches stderr a moment later. Of several threads that decode, each sees only that somebody's line has
come: so whoever sees one decodes once more, alone.
"""

from __future__ import annotations

import os
import re
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from functools import partial
from typing import ParamSpec, TextIO, TypeVar

Result = TypeVar("Result")
Given = ParamSpec("Given")
Heard = tuple[Result, tuple[str, ...]]

_DAMAGE = (  # as libjpeg says it, and hardly anybody else
    "Corrupt JPEG data: ", "Premature end of JPEG file", "Invalid SOS parameters", "Inconsistent progression sequence",
    "Unsupported marker type",
)  # fmt: skip
_HARMLESS = ("Warning: unknown JFIF revision", "Unknown Adobe color transform", "libpng warning: ", "libpng error: ")
# OpenCV's log, which has what libtiff says; before OpenCV 5 that is among what is there for those who debug it.
_TIFF = r"\[ ?(?:WARN|ERROR):[^\n]*?grfmt_tiff\.cpp:\d+ \S+ |OpenCV TIFF: "
_LOG = _TIFF + r"|\[DEBUG:\d|\[ ?(?:WARN|ERROR):[^\n]*?loadsave\.cpp:"
_OWN = re.compile(f"(?:{_LOG})[^\n]*\n\n?|(?:{'|'.join((*_DAMAGE, *_HARMLESS))})[^\n]*\n".encode())
_SAID = re.compile(
    f"Corrupt JPEG data: |(?:{_TIFF})(?!TIFFRead|TIFFFetch|TIFFAdvance|OpenCV)"
)  # of pixels, not of fields
# Between the segments in front of the pixels bytes may stand that mean nothing.
_IN_FRONT = re.compile(r"Corrupt JPEG data: \d+ extraneous bytes before marker 0x(?:c[0-2]|db|dd|e[0-9a-f]|fe)$")
_MOST_SAID = 3  # lines of one file
_MOST_BYTES = 2**20  # of the file, before it is emptied


class CodecListener:
    """Hears what decoding prints; there is one in a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()  # taken by itself, which is C, where nobody is to be woken
        self._changed = threading.Condition(self._lock)
        self._listening = 0  # threads that decode or want to, and blocks in which many do
        self._decoding = 0
        self._alone = 0  # threads that decode alone, or wait for it
        self._file = -1  # its descriptor, once there is one
        self._kept = -1  # another descriptor of stderr, while somebody listens; -1 where nothing can be listened to
        self._read = 0  # bytes of the file that have been looked at

    def decode(self, decode: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Heard[Result]:
        """Returns what decoding gives, and the lines that it printed."""
        before = self._enter()
        try:
            result = decode(*given, **named)
            quiet = self._size() == before
        finally:
            self._leave()
        return (result, ()) if quiet else self._decode_alone(partial(decode, *given, **named))

    @contextmanager
    def among_others(self) -> Iterator[None]:
        """Lets a thread decode while others do, and nobody alone."""
        self._enter()
        try:
            yield
        finally:
            self._leave()

    def _enter(self) -> int:
        """Waits for those who decode alone; returns how many bytes had been looked at."""
        with self._lock:
            while self._alone:
                self._changed.wait()
            if self._listening:  # as nearly always: a call less
                self._listening += 1
            else:
                self._begin()
            self._decoding += 1
            return self._read

    def _leave(self) -> None:
        with self._lock:
            self._decoding -= 1
            if self._listening > 1:
                self._listening -= 1
            else:
                self._end()
            if self._alone:
                self._changed.notify_all()

    def _decode_alone(self, decode: Callable[[], Result]) -> Heard[Result]:
        with self._lock:
            self._alone += 1
            self._begin()
            try:
                self._changed.wait_for(lambda: self._decoding == 0)
                self._pass_on()
                result = decode()
                text = self._pass_on()
            finally:
                self._alone -= 1
                self._end()
                self._changed.notify_all()
        lines = _OWN.sub(rb"\n\g<0>", text).decode(errors="replace").splitlines()  # a progress bar may be in front
        return result, tuple(dict.fromkeys(line.strip() for line in lines if line.strip()))

    @contextmanager
    def listening(self) -> Iterator[int]:
        """Listens as long as the block lasts, which gets the kept descriptor of stderr, or -1."""
        with self._lock:
            self._begin()
        try:
            yield self._kept
        finally:
            with self._lock:
                self._end()

    def give_back(self) -> None:
        """Leads stderr where it led before, in a process that was forked from one that was listening."""
        if self._kept >= 0:
            os.dup2(self._kept, 2)

    def _begin(self) -> None:
        self._listening += 1
        if self._listening > 1 or sys.stderr is None or not hasattr(os, "pread"):
            return
        with suppress(OSError):  # a process without stderr, or without descriptors: nothing is heard
            if self._file < 0:
                self._file = _unnamed_file()
            self._kept = os.dup(2)
            os.dup2(self._file, 2)

    def _end(self) -> None:
        self._listening -= 1
        if self._listening == 0 and self._kept >= 0:
            os.dup2(self._kept, 2)
            self._pass_on()
            os.close(self._kept)
            self._kept = -1

    def _pass_on(self) -> bytes:
        """Writes to stderr what others than codecs have printed, and returns all that is new."""
        size = self._size()
        if size == self._read:
            return b""
        text = os.pread(self._file, size - self._read, self._read)
        self._read = size
        if size > _MOST_BYTES:
            os.ftruncate(self._file, 0)
            self._read = 0
        if others := _OWN.sub(b"", text):
            with suppress(OSError):  # whoever printed it would have met the same
                os.write(self._kept, others)
        return text

    def _size(self) -> int:
        return os.lseek(self._file, 0, os.SEEK_END) if self._file >= 0 else 0  # what is printed goes there anyway


_listener = CodecListener()


def _begin_anew() -> None:
    """In a forked process: the locks may be held by threads that it has not, and the file is the other one's."""
    global _listener
    _listener.give_back()
    _listener = CodecListener()


if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_begin_anew)


def damage_said(lines: Sequence[str]) -> list[str]:
    """Returns what is damaged about a file, of the lines that its codec printed; the first ones of many."""
    spoken = (line for line in lines if line.startswith(_DAMAGE) or _SAID.match(line))
    found = [_SAID.sub("", line) for line in spoken if not _IN_FRONT.match(line)]
    more = len(found) - _MOST_SAID
    return found[:_MOST_SAID] + [f"and {more:,} more"] * (more > 0)


def decode_heard(decode: Callable[Given, Result], *given: Given.args, **named: Given.kwargs) -> Heard[Result]:
    """Returns what decoding gives, and the lines that the codec printed meanwhile.

    Args:
        decode: Can be called once more.
        given: To `decode`.
        named: To `decode`.
    """
    return _listener.decode(decode, *given, **named)


@contextmanager
def decoding_unheard() -> Iterator[None]:
    """Keeps what codecs print off stderr, and out of what other threads hear, as long as the block lasts."""
    with _listener.among_others():
        yield


@contextmanager
def listening_to_codecs() -> Iterator[None]:
    """Listens as long as the block lasts, rather than for each image anew; Python's messages reach stderr at once.

    For command lines that do nothing but decode and answer: what other C code prints on stderr is seen late.
    """
    with _listener.listening() as kept:
        python = sys.stderr
        if kept >= 0:
            sys.stderr = _moved(python, kept)
        try:
            yield
        finally:
            if sys.stderr is not None:
                sys.stderr.flush()
            sys.stderr = python


def _unnamed_file() -> int:
    """Returns the descriptor of a file without a name, at whose end several threads write one after the other."""
    import fcntl

    descriptor = _new_file()
    fcntl.fcntl(descriptor, fcntl.F_SETFL, os.O_APPEND)
    return descriptor


def _new_file() -> int:
    if hasattr(os, "memfd_create"):
        return os.memfd_create("cnnkit-codecs")
    import tempfile

    with tempfile.TemporaryFile() as file:
        return os.dup(file.fileno())


def _moved(stream: TextIO, descriptor: int) -> TextIO:
    """Returns a stream that writes to another descriptor, if it writes to stderr's."""
    try:
        if stream.fileno() != 2:
            return stream
    except (OSError, ValueError):
        return stream  # one in memory, as in tests
    return open(
        descriptor,
        "w",
        encoding=stream.encoding,
        errors=stream.errors,
        buffering=1,
        closefd=False,
    )
