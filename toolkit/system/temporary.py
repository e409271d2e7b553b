"""A temporary folder of a command's own, for all that it and the processes it starts write there, removed at its end.

TensorFlow writes a file for each function it compiles and removes it when the interpreter ends, which a process that is
killed never does; so do the temporary folders of a command that is killed stay. Here they stay in one folder, which the
process that started them removes; and where that was killed, the next command does.
"""

from __future__ import annotations

import os
import shutil
import stat
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

_PREFIX = "cnnkit-run-"
_LOCK = "lock"  # a file in it that is locked as long as its process lives
_YOUNG_S = 60.0  # a younger folder may not be locked yet


@contextmanager
def own_temporary_folder() -> Iterator[None]:
    """Makes `tempfile` and new processes use a new folder in the temporary folder, and removes it after the block.

    For command lines alone: other code in the process may want to keep what it writes. Where no folder can be made
    all is as before.
    """
    parent = Path(tempfile.gettempdir())
    _remove_abandoned(parent)
    try:
        folder = Path(tempfile.mkdtemp(prefix=_PREFIX, dir=parent))
        lock = _lock(folder / _LOCK)
    except OSError:  # a full or read-only disk, which whoever needs a file there will name
        yield
        return
    before = tempfile.tempdir, os.environ.get("TMPDIR")
    tempfile.tempdir = os.environ["TMPDIR"] = str(folder)
    try:
        yield
    finally:
        tempfile.tempdir = before[0]
        if before[1] is None:
            del os.environ["TMPDIR"]
        else:
            os.environ["TMPDIR"] = before[1]
        os.close(lock)
        shutil.rmtree(folder, ignore_errors=True)


def _remove_abandoned(parent: Path) -> None:
    """Removes the folders of this user's commands that were killed."""
    if sys.platform == "win32":  # no locks that tell whether a process lives
        return
    for folder in parent.glob(f"{_PREFIX}*"):
        with suppress(OSError):  # in use, or gone by now
            found = folder.lstat()
            old = time.time() - found.st_mtime > _YOUNG_S
            if stat.S_ISDIR(found.st_mode) and found.st_uid == os.getuid() and old:
                lock = _lock(folder / _LOCK)
                shutil.rmtree(folder, ignore_errors=True)
                os.close(lock)


def _lock(path: Path) -> int:
    """Locks a file, which is made where it is missing, as long as the descriptor that is returned is open.

    Raises:
        OSError: Another process has locked it.
    """
    descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)
    if sys.platform != "win32":
        import fcntl

        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            os.close(descriptor)
            raise
    return descriptor
