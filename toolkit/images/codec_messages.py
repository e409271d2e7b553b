"""What image codecs print on the process's stderr, given to the image it is about.

libjpeg decodes damaged data as well as it can, and says so in a line without a name, which goes past Python to file
descriptor 2. While that is listened to, the descriptor leads into a file. Of several threads that decode, each sees
only that somebody's line has come: so whoever sees one decodes once more, alone.
"""

from __future__ import annotations

import os
import sys
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import TextIO, TypeVar

Result = TypeVar("Result")

_MOST_BYTES = 2**20  # of the file, before it is emptied
_listener: CodecListener | None = None


class CodecListener:
    """Hears what decoding prints.

    Args:
        descriptor: Of the file to which stderr leads.
    """

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._changed = threading.Condition()
        self._decoding = 0
        self._alone = 0  # threads that decode alone, or wait for it

    def decode(self, decode: Callable[[], Result]) -> tuple[Result, tuple[str, ...]]:
        """Returns what decoding gives, and the lines that it printed.

        Args:
            decode: Can be called once more.
        """
        with self._changed:
            while self._alone:
                self._changed.wait()
            self._decoding += 1
        before = self._size()
        try:
            result = decode()
        finally:
            with self._changed:
                self._decoding -= 1
                self._changed.notify_all()
        return (result, ()) if self._size() == before else self._decode_alone(decode)

    def _decode_alone(self, decode: Callable[[], Result]) -> tuple[Result, tuple[str, ...]]:
        with self._changed:
            self._alone += 1
            try:
                self._changed.wait_for(lambda: self._decoding == 0)
                before = self._size()
                result = decode()
                text = os.pread(self._descriptor, self._size() - before, before).decode(errors="replace")
                if self._size() > _MOST_BYTES:
                    os.ftruncate(self._descriptor, 0)
                    os.lseek(self._descriptor, 0, os.SEEK_SET)  # which is where stderr writes, too
            finally:
                self._alone -= 1
                self._changed.notify_all()
        return result, tuple(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))

    def _size(self) -> int:
        return os.fstat(self._descriptor).st_size


def decode_heard(decode: Callable[[], Result]) -> tuple[Result, tuple[str, ...]]:
    """Returns what decoding gives, and what the codec said meanwhile, if anybody listens."""
    return (decode(), ()) if _listener is None else _listener.decode(decode)


@contextmanager
def listening_to_codecs() -> Iterator[None]:
    """Listens, as long as the block lasts, in this process; Python's own messages still reach stderr.

    For command lines alone: what other C code prints on stderr meanwhile is not seen. On systems where that cannot be
    done, nothing is listened to.
    """
    global _listener
    kept = _kept_stderr()
    if kept is None:
        yield
        return
    descriptor, python = _file(), sys.stderr
    sys.stderr = _moved(python, kept)
    os.dup2(descriptor, 2)
    _listener = CodecListener(descriptor)
    try:
        yield
    finally:
        _listener = None
        sys.stderr.flush()
        os.dup2(kept, 2)
        sys.stderr = python
        os.close(kept)
        os.close(descriptor)


def _kept_stderr() -> int | None:
    """Returns another descriptor of stderr; None where there is none, or nothing can be listened to."""
    if sys.stderr is None or not hasattr(os, "pread"):
        return None
    try:
        return os.dup(2)
    except OSError:
        return None


def _file() -> int:
    """Returns the descriptor of a file without a name."""
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
