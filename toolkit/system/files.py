"""Files that appear whole or not at all."""

from __future__ import annotations

import errno
import hashlib
import os
import shutil
import stat
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from io import BufferedReader
from pathlib import Path

from cnnkit.errors import OutputError

_NO_WAITING = getattr(os, "O_NONBLOCK", 0)  # for the other end of a pipe; Windows has neither
_LONG, _END = 60, 15  # characters
_AS_BYTES = getattr(os, "O_BINARY", 0)  # which only Windows has


def check_new_file(path: Path, *, overwrite: bool) -> None:
    """Refuses a path that cannot become a new file, before the work is done whose result would be lost.

    Devices and pipes that exist are let through.

    Raises:
        OutputError: The path is a folder, or a file that may not be replaced, or its folder is missing or not writable.
    """
    if path.is_dir():
        raise OutputError(f"cannot write {path}: it is a folder, expected the name of a file")
    if path.is_file() and not overwrite:
        raise OutputError(f"{path} exists already: name another file, or pass --overwrite to replace it")
    folder = path.absolute().parent
    if not folder.is_dir():
        raise OutputError(f"cannot write {path}: the folder {path.parent} does not exist")
    if not _is_special(path) and not os.access(folder, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")


def check_other_file(output: Path, source: Path) -> None:
    """Refuses an output that is the very file it would be made from, whatever may be overwritten.

    Raises:
        OutputError: It is.
    """
    if output.exists() and source.exists() and output.samefile(source):
        raise OutputError(f"{output} is what is read here, and would be lost: name another file")


def check_new_folder(path: Path, *, overwrite: bool) -> None:
    """Refuses a path that cannot become a new folder, before the work is done whose result would be lost.

    Raises:
        OutputError: The path is a file, or a folder that may not be written into, or cannot be made where it is.
    """
    if path.exists() and not path.is_dir():
        raise OutputError(f"cannot write {path}: it is a file, expected the name of a folder")
    if path.exists() and not overwrite:
        raise OutputError(f"{path} exists already: name another folder, or pass --overwrite to replace what is in it")
    nearest = _nearest(path)
    if not nearest.is_dir():
        raise OutputError(f"cannot write {path}: {nearest.name} is a file, expected a folder")
    if not os.access(nearest, os.W_OK):
        raise OutputError(f"cannot write {path}: permission denied")


def check_writable(folder: Path) -> None:
    """Writes a byte into a file without a name in a folder, since permissions alone do not tell what a disk takes.

    Raises:
        OutputError: It cannot be written: the folder or the disk is read-only, or the disk is full.
    """
    try:
        with tempfile.TemporaryFile(dir=folder) as file:
            file.write(b"0")
    except OSError as error:
        raise OutputError(f"cannot write into {folder}: {error.strerror or error}") from error


def check_space(path: Path, needed: int) -> None:
    """Refuses to begin what would fill the disk.

    Args:
        path: A folder that exists or is to be made.
        needed: Bytes.

    Raises:
        OutputError: There are fewer.
    """
    free = shutil.disk_usage(_nearest(path)).free
    if free < needed:
        raise OutputError(
            f"cannot write {path}: {needed / 2**20:,.1f} MiB are needed and {free / 2**20:,.1f} MiB are free: "
            "make room, or name a folder on another disk"
        )


def _nearest(path: Path) -> Path:
    """Returns the path itself where it exists, else the nearest folder above it that does."""
    return next(parent for parent in (path.absolute(), *path.absolute().parents) if parent.exists())


@contextmanager
def whole_file(path: Path) -> Iterator[Path]:
    """Gives a temporary path beside `path` to write to, and renames it there when the block ends well.

    The temporary file has the suffixes of `path`, which some writers look at. On any error it is removed and what stood
    at `path` before is untouched. A device or a pipe at `path` is written into instead of replaced.

    Raises:
        OutputError: The folder does not exist or cannot be written, or the disk is full.
    """
    try:
        folder = None if _is_special(path) else path.parent
        # Of a long name the end does, so that what is as long as the disk takes has room for what is in front of it.
        suffix = path.name if len(path.name) < _LONG else path.name[-_END:]
        handle, name = tempfile.mkstemp(prefix=".cnnkit-", suffix="-" + suffix, dir=folder)
        os.close(handle)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    temporary = Path(name)
    try:
        yield temporary
        _put(temporary, path)
    except OSError as error:
        raise OutputError(f"cannot write {path}: {error.strerror or error}") from error
    finally:
        temporary.unlink(missing_ok=True)


def write_text(path: Path, text: str) -> None:
    """Writes UTF-8 text whole or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    write_bytes(path, text.encode())


def write_bytes(path: Path, data: bytes) -> None:
    """Writes a file whole or not at all.

    Raises:
        OutputError: The file cannot be written.
    """
    with whole_file(path) as temporary:
        temporary.write_bytes(data)


def make_folder(path: Path) -> None:
    """Makes a folder and those above it, as far as they are missing.

    Raises:
        OutputError: It cannot be made.
    """
    try:
        path.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise OutputError(f"cannot make the folder {path}: {error.strerror or error}") from error


def open_regular(path: Path) -> BufferedReader:
    """Opens a file to be read, but no device and no pipe, which may give bytes without an end, or never any.

    Raises:
        OSError: It cannot be read, or is no regular file.
    """
    file = open(os.open(path, os.O_RDONLY | _NO_WAITING | _AS_BYTES), "rb")  # noqa: SIM115 - the caller closes it
    if not stat.S_ISREG(os.fstat(file.fileno()).st_mode):
        file.close()
        raise OSError(errno.EINVAL, "it is no regular file", os.fspath(path))
    return file


def read_regular(path: Path) -> bytes:
    """Reads as many bytes of a file as it has; see `open_regular`.

    Raises:
        OSError: It cannot be read, or is no regular file.
    """
    with open_regular(path) as file:
        return file.read(os.fstat(file.fileno()).st_size)


def sha256(path: Path) -> str:
    """Returns the SHA-256 of a regular file's bytes, hexadecimal."""
    with open_regular(path) as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _put(temporary: Path, path: Path) -> None:
    if _is_special(path):
        with temporary.open("rb") as source, path.open("wb") as target:
            shutil.copyfileobj(source, target)
        return
    temporary.chmod(0o666 & ~_umask())
    temporary.replace(path)


def _is_special(path: Path) -> bool:
    """Whether a device, a pipe or a socket stands at a path."""
    return path.exists() and not path.is_file() and not path.is_dir()


def _umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask
