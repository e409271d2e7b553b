"""The images in zip and tar archives, read without unpacking anything."""

from __future__ import annotations

import stat
from collections.abc import Callable, Iterator, Set
from dataclasses import replace
from functools import partial
from typing import TYPE_CHECKING, Any

from cnnkit.errors import ImageError
from cnnkit.images import HEAD_BYTES, IMAGE_SUFFIXES, is_listed
from cnnkit.sources.archive_limits import MEMBER_BYTES, LimitedFile, limit_of, shared_bytes, too_much
from cnnkit.sources.found import FoundImage
from cnnkit.sources.kinds import ZIP_SUFFIXES, is_hidden

if TYPE_CHECKING:
    from tarfile import TarFile, TarInfo
    from zipfile import ZipFile, ZipInfo


def archive_images(source: str, is_excluded: Callable[[str], bool]) -> Iterator[FoundImage]:
    """Finds the images in an archive, in its own order.

    Args:
        source: The archive's path.
        is_excluded: Whether a member is to be left out, by its name.

    Yields:
        Members, members skipped for their suffix, and what cannot be read with its problem; an archive that cannot be
        read, or ends too early, as a whole.
    """
    found = False
    try:
        for image in _zip_images(source) if source.lower().endswith(ZIP_SUFFIXES) else _tar_images(source):
            name = image.member or ""
            if not _is_hidden(name) and not is_excluded(name):
                found = found or not image.skipped
                yield image
    except _errors() as error:
        yield FoundImage(source, problem=_unreadable(error))
    else:
        if not found:
            yield FoundImage(source, problem=f"no image in this archive: expected {' '.join(sorted(IMAGE_SUFFIXES))}")


def _zip_images(source: str) -> Iterator[FoundImage]:
    from zipfile import ZipFile

    archive = ZipFile(source)  # not closed here: the members that are still to be read keep it
    limit, unpacked = limit_of(source), 0
    shared = shared_bytes(archive.infolist())
    for entry in archive.infolist():
        if entry.is_dir():
            continue
        problem = _zip_problem(entry, shared)
        listed = is_listed(entry.filename, partial(_zip_head, archive, entry, problem))
        content = partial(_zip_bytes, archive, entry) if listed else None
        image = _member(source, entry.filename, entry.file_size, problem, content)
        if image.content is not None and not image.skipped:
            unpacked += entry.file_size  # which is as much as is unpacked at most
            if unpacked > limit:
                image = replace(image, problem=too_much(limit), content=None)
        yield image


def _zip_problem(entry: ZipInfo, shared: Set[int]) -> str | None:
    if stat.S_ISLNK(entry.external_attr >> 16):
        return "is a link within the archive, which is not followed"
    if entry.flag_bits & 1:
        return "is encrypted: unpack the archive first"
    return "shares its bytes with other members, as no archive of files does" if entry.header_offset in shared else None


def _zip_head(archive: ZipFile, entry: ZipInfo, problem: str | None) -> bytes:
    """Returns the first bytes of a member; none of one with a problem, or that cannot be read."""
    if problem is not None:
        return b""
    try:
        with archive.open(entry) as file:
            return file.read(HEAD_BYTES)
    except _errors():
        return b""


def _zip_bytes(archive: ZipFile, entry: ZipInfo) -> bytes:
    name = f"{archive.filename}/{entry.filename}"
    try:
        with archive.open(entry) as file:
            return _read(file, name)
    except _errors() as error:
        raise ImageError(name, _unreadable(error)) from error


def _tar_images(source: str) -> Iterator[FoundImage]:
    import tarfile

    limit, unpacked = limit_of(source), 0
    with open(source, "rb") as file:
        limited: Any = LimitedFile(file, limit)  # of a whole file's methods tarfile needs one
        with tarfile.open(fileobj=limited, mode="r|") as archive:  # "|": compressed data is read from front to back
            for entry in archive:
                archive.members.clear()  # type: ignore[attr-defined]  # else it remembers all of them
                unpacked += entry.size  # of a sparse file more than there is of it
                if not entry.isdir():
                    yield _tar_image(source, archive, entry, None if unpacked <= limit else too_much(limit))


def _tar_image(source: str, archive: TarFile, entry: TarInfo, problem: str | None) -> FoundImage:
    """Reads a member at once: the next one cannot be found before it is behind."""
    file = archive.extractfile(entry) if entry.isreg() and problem is None else None
    head = b""

    def read_head() -> bytes:
        nonlocal head
        head = b"" if file is None else file.read(HEAD_BYTES)
        return head

    listed = is_listed(entry.name, read_head)
    if not entry.isreg():
        problem = "is a link or a device within the archive, expected a file"
    if not listed or file is None or entry.size > MEMBER_BYTES:
        return _member(source, entry.name, entry.size, problem, bytes if listed else None)
    data = head + _read(file, entry.name)
    return _member(source, entry.name, entry.size, None, lambda: data)


def _member(source: str, name: str, size: int, problem: str | None, content: Callable[[], bytes] | None) -> FoundImage:
    """Makes a member, which is skipped where it has no content."""
    skipped = content is None
    if size > MEMBER_BYTES:
        problem = f"{size:,} bytes, more than the {MEMBER_BYTES:,} that are read from an archive"
    return FoundImage(
        source,
        None if skipped else problem,
        skipped=skipped,
        member=name,
        place=name,
        content=None if problem else content,
    )


def _read(file: Any, name: str) -> bytes:
    data: bytes = file.read(MEMBER_BYTES + 1)  # sizes in headers may lie
    if len(data) > MEMBER_BYTES:
        raise ImageError(name, f"more than the {MEMBER_BYTES:,} bytes that are read from an archive")
    return data


def _is_hidden(name: str) -> bool:
    return any(is_hidden(part) and part not in (".", "..") for part in name.split("/"))


def _errors() -> tuple[type[Exception], ...]:
    import lzma
    import tarfile
    import zipfile
    import zlib

    # RuntimeError and NotImplementedError: encrypted, or compressed in a way that Python does not know.
    return (
        OSError,
        EOFError,
        ValueError,
        RuntimeError,
        zipfile.BadZipFile,
        tarfile.TarError,
        zlib.error,
        lzma.LZMAError,
    )


def _unreadable(error: Exception) -> str:
    if isinstance(error, FileNotFoundError):
        return "no such file"
    reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
    return f"the archive cannot be read: {reason}"
