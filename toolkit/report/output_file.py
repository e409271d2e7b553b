"""A file to which rows are written as they come, by one run at a time."""

from __future__ import annotations

import os
import stat
from collections.abc import Iterator
from contextlib import contextmanager
from io import FileIO
from pathlib import Path
from typing import Literal

from cnnkit.errors import OutputError

_PART = 65536  # bytes looked through at once
Mode = Literal["wb", "xb", "ab"]
_FLAGS = {"wb": os.O_CREAT, "xb": os.O_CREAT | os.O_EXCL, "ab": os.O_CREAT | os.O_APPEND}


class OutputFile:
    """Is opened when something is written: without a first row, an earlier file stays what it was.

    Args:
        path: Where it is.
        mode: "wb" replaces what is there, "xb" makes a new file, "ab" adds to it.
    """

    def __init__(self, path: Path, mode: Mode) -> None:
        self._path, self._mode = path, mode
        self._file: FileIO | None = None

    @property
    def is_empty(self) -> bool:
        """Whether nothing is in it, in whatever run it was written."""
        return not self._path.exists() or self._path.stat().st_size == 0

    def open(self) -> None:
        """Opens it for this run alone; once more does nothing.

        Raises:
            OutputError: It cannot be opened, or another run writes to it.
        """
        if self._file is None:
            with self._errors():
                self._file = _open_alone(self._path, self._mode)

    def cut_half_line(self) -> None:
        """Cuts off what an interrupted run, or a power cut, left of its last line.

        Raises:
            OutputError: The file cannot be read or written.
        """
        self.open()
        with self._errors(), self._path.open("r+b") as file:
            end = file.seek(0, os.SEEK_END)
            kept = end
            while kept > 0:
                start = max(0, kept - _PART)
                file.seek(start)
                newline = file.read(kept - start).rfind(b"\n")
                if newline >= 0:
                    kept = start + newline + 1
                    break
                kept = start
            if kept < end:
                file.truncate(kept)

    def write(self, data: bytes, /) -> int:
        """Writes all of it at the end, or nothing: what a full disk does not take whole is cut off again.

        Raises:
            OutputError: It cannot be opened or written, or another run writes to it.
        """
        self.open()
        assert self._file is not None
        rest = memoryview(data)
        with self._errors():
            try:
                while rest:
                    rest = rest[self._file.write(rest) :]
            except OSError:
                status = os.fstat(self._file.fileno())
                if stat.S_ISREG(status.st_mode):  # no device or pipe
                    self._file.truncate(status.st_size - (len(data) - len(rest)))
                raise
        return len(data)

    def flush(self) -> None:
        """Has nothing to do: everything goes to the system at once."""

    def close(self) -> None:
        """Closes it."""
        if self._file is not None:
            with self._errors():
                self._file.close()

    @contextmanager
    def _errors(self) -> Iterator[None]:
        try:
            yield
        except BrokenPipeError:
            raise  # of a named pipe whose reader has gone: no fault of the file
        except OSError as error:
            raise OutputError(f"cannot write {self._path}: {error.strerror or error}") from error


def _open_alone(path: Path, mode: Mode) -> FileIO:
    """Opens without a buffer, so that a failure is that of the very write."""
    if path.exists() and not path.is_file():
        return FileIO(path, "wb")  # a device or a pipe
    file = FileIO(os.open(path, os.O_WRONLY | _FLAGS[mode] | getattr(os, "O_BINARY", 0), 0o666), "wb")
    if not _lock(file.fileno()):
        file.close()
        raise OutputError(f"{path} is being written by another run: wait for its end, or name another file")
    if mode == "wb":
        file.truncate(0)  # not before the lock is ours: those rows may be another run's
    return file


def _lock(descriptor: int) -> bool:
    """Locks a file until it is closed, whatever ends the process; false where another one has it."""
    try:
        import fcntl
    except ImportError:
        return True  # Windows lets nobody else write to an open file as it is
    try:
        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    except OSError:
        return True  # a file system without locks
    return True
