"""SOURCE arguments of the command line, expanded to images one by one: nothing is listed before it is needed."""

from __future__ import annotations

import os
import re
from codecs import BOM_UTF8, getincrementaldecoder
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import BinaryIO

from cnnkit.images import IMAGE_SUFFIXES
from cnnkit.sources.folders import folder_images, is_excluded
from cnnkit.sources.found import FoundImage
from cnnkit.sources.kinds import is_archive, is_other_address, is_video, is_web_address, shown_source
from cnnkit.system import MARK_BYTES, text_encoding

STDIN = "-"
_LIST = "@"  # in front of the path of a list
_PART = 65536  # bytes of a list at once
_MORE_THAN_A_PATH = re.compile(r"[*?\[@=%]|://")  # a pattern, an address, or a secret mistyped as a path
_OTHER_ADDRESS = "is no http or https address: cnnkit webcam takes cameras and streams"


@dataclass(frozen=True)
class SourceOptions:
    """How SOURCE arguments are read."""

    null_separated: bool = False  # a zero byte ends each path of a list, rather than a line's end
    exclude: tuple[str, ...] = ()  # patterns of what is left out of folders: of names, "*.gif", or paths, "old/*"
    every_s: float | None = None  # of a video, one frame each so many seconds; None for all of them
    insecure: bool = False  # certificates of https addresses are not checked


def expand_sources(
    sources: Iterable[str], stdin: BinaryIO, options: SourceOptions = SourceOptions()
) -> Iterator[FoundImage]:
    """Finds the images that SOURCE arguments name, in their order.

    A file named is given whatever its suffix; a folder is searched recursively, sorted, without hidden files, each
    real folder once; a pattern (for shells that leave them alone) gives its matches, sorted; an archive its members; a
    video its frames.

    Args:
        sources: Paths, folders, patterns, archives, videos, http and https addresses, "@list.txt" for a file with one
            of these a line, and "-" for the same on `stdin`.
        stdin: Read path by path, as far as the images are asked for.
        options: How.

    Yields:
        Images, files skipped for their suffix, and paths with their problem, such as folders without permission.
    """
    for source in sources:
        if source == STDIN:
            yield from _listed(stdin, options)
        elif source.startswith(_LIST):
            yield from _list_file(source, options)
        else:
            yield from _expand(source, options)


def _list_file(source: str, options: SourceOptions) -> Iterator[FoundImage]:
    try:
        with open(source.removeprefix(_LIST), "rb") as file:
            yield from _listed(file, options)
    except OSError as error:
        yield FoundImage(shown_source(source), problem=f"this list cannot be read: {error.strerror or error}")


def _listed(file: BinaryIO, options: SourceOptions) -> Iterator[FoundImage]:
    for line in _split(_parts(file, zeros=options.null_separated), b"\0" if options.null_separated else b"\n"):
        path = os.fsdecode(line if options.null_separated else line.rstrip(b"\r"))
        if os.path.splitext(path)[1].lower() in IMAGE_SUFFIXES and _MORE_THAN_A_PATH.search(path) is None:
            yield FoundImage(path)  # as nearly all of a long list: it is not looked at before it is read
        elif path:
            yield from _expand(path, options)


def _split(parts: Iterator[bytes], end: bytes) -> Iterator[bytes]:
    rest = b""
    for part in parts:
        *whole, rest = (rest + part).split(end)
        yield from whole
    yield rest


def _parts(file: BinaryIO, *, zeros: bool) -> Iterator[bytes]:
    """Reads a list as it comes, in bytes as paths have them, whatever its encoding; `zeros` may lie between paths."""
    # Unbuffered reads do not wait for more than there is, and hold no lock on stdin that the end of the process needs.
    read, head = getattr(file, "raw", file).read, b""
    while len(head) < MARK_BYTES and (part := read(_PART)):
        head += part
    encoding = text_encoding(head.replace(b"\0", b" ") if zeros else head)
    if encoding in ("utf-8", "utf-8-sig"):
        yield head.removeprefix(BOM_UTF8)
        while part := read(_PART):
            yield part
        return
    decoder = getincrementaldecoder(encoding)("replace")
    yield os.fsencode(decoder.decode(head))
    while part := read(_PART):
        yield os.fsencode(decoder.decode(part))


def _expand(source: str, options: SourceOptions) -> Iterator[FoundImage]:
    if is_web_address(source):
        yield from _address(source, options)
    elif is_other_address(source):
        yield FoundImage(shown_source(source), problem=_OTHER_ADDRESS)
    elif os.path.isdir(source):
        yield from folder_images(source, options.exclude)
    elif _is_pattern(source) and not os.path.lexists(source):
        yield from _matches(source, options)
    elif is_video(source):
        yield from _video(source, options)
    else:
        yield from _file(shown_source(source), options)


def _address(source: str, options: SourceOptions) -> Iterator[FoundImage]:
    if is_video(source):
        yield from _video(source, options)
    else:
        from cnnkit.sources.web import web_image

        yield web_image(source, insecure=options.insecure)


def _file(source: str, options: SourceOptions) -> Iterator[FoundImage]:
    if os.path.splitext(source)[1].lower() in IMAGE_SUFFIXES:
        yield FoundImage(source)
    elif is_archive(source):
        from cnnkit.sources.archives import archive_images

        yield from archive_images(source, partial(is_excluded, options.exclude))
    elif is_video(source):
        yield from _video(source, options)
    else:
        yield FoundImage(source)


def _video(source: str, options: SourceOptions) -> Iterator[FoundImage]:
    from cnnkit.sources.films import video_images

    yield from video_images(source, options.every_s, insecure=options.insecure)


def _is_pattern(source: str) -> bool:
    return "*" in source or "?" in source or "[" in source


def _matches(pattern: str, options: SourceOptions) -> Iterator[FoundImage]:
    from glob import glob

    matches = [] if "\0" in pattern else sorted(glob(pattern, recursive=True))  # a path that no system takes
    if "**" in pattern:  # such a pattern gives the files of its folders as well
        matches = [match for match in matches if not os.path.isdir(match)]
    if not matches:
        yield FoundImage(shown_source(pattern), problem="no file matches this pattern")
    for match in matches:
        if not is_excluded(options.exclude, match):
            yield from folder_images(match, options.exclude) if os.path.isdir(match) else _file(match, options)
