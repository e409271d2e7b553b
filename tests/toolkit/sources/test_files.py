from __future__ import annotations

import io
import os
import sys
from pathlib import Path

import pytest

from cnnkit.sources.files import SourceOptions, expand_sources
from cnnkit.sources.found import FoundImage


@pytest.fixture
def tree(tmp_path, monkeypatch) -> Path:
    """Files without content: finding them is all that is asked. The current folder is the tree's root."""
    for name in (
        "b.png",
        "a.JPG",
        "notes.txt",
        ".hidden.png",
        "deep/er/c.webp",
        ".git/d.png",
        "deep/e.tif",
        "empty/.keep",
    ):
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.touch()
    monkeypatch.chdir(tmp_path)
    return tmp_path


def expand(*sources: str, stdin: bytes = b"") -> list[FoundImage]:
    return list(expand_sources(sources, io.BytesIO(stdin)))


def names(found: list[FoundImage]) -> list[str]:
    return [file.source.replace(os.sep, "/") for file in found if not file.skipped and file.problem is None]


@pytest.mark.parametrize(
    ("sources", "expected"),
    [
        pytest.param(["."], ["./a.JPG", "./b.png", "./deep/e.tif", "./deep/er/c.webp"], id="folder"),
        pytest.param(["deep/", "b.png"], ["deep/e.tif", "deep/er/c.webp", "b.png"], id="folder and file"),
        pytest.param(["notes.txt"], ["notes.txt"], id="file by name, whatever its suffix"),
        pytest.param([".hidden.png"], [".hidden.png"], id="hidden file by name"),
        pytest.param([".git"], [".git/d.png"], id="hidden folder by name"),
        pytest.param(["gone.png"], ["gone.png"], id="missing file"),
        pytest.param(["empty"], [], id="empty folder"),
        pytest.param(["*.p*"], ["b.png"], id="pattern"),
        pytest.param(["?.png", "[a]*"], ["b.png", "a.JPG"], id="more patterns"),
        pytest.param(["dee*"], ["deep/e.tif", "deep/er/c.webp"], id="pattern for a folder"),
        pytest.param(["deep/**"], ["deep/e.tif", "deep/er/c.webp"], id="recursive pattern, each file once"),
        pytest.param(["b.png", "b.png"], ["b.png", "b.png"], id="twice"),
    ],
)
def test_sources(tree, sources, expected):
    assert names(expand(*sources)) == expected


def test_skipped_files_are_marked(tree):
    assert [file.source for file in expand(".") if file.skipped] == ["./notes.txt"]


def test_file_that_looks_like_a_pattern(tree):
    (tree / "x[1].png").touch()
    (tree / "x1.png").touch()
    assert names(expand("x[1].png")) == ["x[1].png"]


def test_pattern_without_a_match(tree):
    assert expand("*.gif") == [FoundImage("*.gif", problem="no file matches this pattern")]


@pytest.mark.parametrize("line", ["a\0*.png", "*/[a]\0", "a\0.zip", "a\0.tar", "a\0.mp4"])
def test_a_list_that_is_no_text_gives_each_line_its_reason(tree, line):
    (found,) = expand("-", stdin=f"x{line}\n".encode())
    assert found.problem


@pytest.mark.parametrize("ending", [b"\n", b"\r\n"], ids=["unix", "windows"])
def test_paths_on_stdin(tree, ending):
    stdin = ending.join([b"b.png", b"", b"deep", b"name with blanks .png"])
    expected = ["b.png", "deep/e.tif", "deep/er/c.webp", "name with blanks .png", "a.JPG"]
    assert names(expand("-", "a.JPG", stdin=stdin)) == expected


def test_stdin_is_read_as_far_as_asked(tree):
    reading, writing = os.pipe()
    os.write(writing, b"b.png\na.J")
    with open(reading, "rb") as stdin:
        found = iter(expand_sources(["-"], stdin))
        assert next(found).source == "b.png"
        os.write(writing, b"PG\n")
        assert next(found).source == "a.JPG"
        os.close(writing)
        assert next(found, None) is None


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_utf8(tree):
    (tree / os.fsdecode(b"caf\xe9.png")).touch()
    assert os.fsencode(names(expand("-", stdin=b"caf\xe9.png\n"))[0]) == b"caf\xe9.png"
    assert b"./caf\xe9.png" in [os.fsencode(name) for name in names(expand("."))]


def test_symlink_loops_end(tree):
    (tree / "deep" / "up").symlink_to(tree, target_is_directory=True)
    (tree / "deep" / "self").symlink_to("self")
    assert names(expand(".")) == ["./a.JPG", "./b.png", "./deep/e.tif", "./deep/er/c.webp"]


def test_links_are_followed(tree):
    (tree / "empty" / "linked").symlink_to(tree / "deep", target_is_directory=True)
    (tree / "empty" / "broken.png").symlink_to("nowhere")
    assert names(expand("empty")) == ["empty/broken.png", "empty/linked/e.tif", "empty/linked/er/c.webp"]


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_pipes_are_not_waited_for(tree):
    os.mkfifo(tree / "empty" / "pipe.png")
    pipe, folder = expand("empty")
    assert pipe == FoundImage("empty/pipe.png", skipped=True)
    assert folder.source == "empty" and (folder.problem or "").startswith("no image in this folder")


def test_folder_that_cannot_be_read(tree, monkeypatch):
    """Root may read everything, so the refusal is simulated."""
    scandir = os.scandir

    def refuse(folder):
        if os.path.basename(folder) == "er":
            raise PermissionError(13, "Permission denied", folder)
        return scandir(folder)

    monkeypatch.setattr(os, "scandir", refuse)
    assert expand("deep", "b.png") == [
        FoundImage("deep/e.tif"),
        FoundImage("deep/er", problem="this folder cannot be read: Permission denied"),
        FoundImage("b.png"),
    ]


@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may read everything")
def test_folder_without_permission(tree):
    (tree / "deep").chmod(0)
    try:
        assert [file.problem for file in expand("deep")] == ["this folder cannot be read: Permission denied"]
    finally:
        (tree / "deep").chmod(0o755)


@pytest.mark.parametrize(
    ("sources", "exclude", "expected"),
    [
        pytest.param(["."], ["*.png"], ["./a.JPG", "./deep/e.tif", "./deep/er/c.webp"], id="name"),
        pytest.param(["."], ["*.png", "er"], ["./a.JPG", "./deep/e.tif"], id="names of files and folders"),
        pytest.param(["deep"], ["deep/er/*"], ["deep/e.tif"], id="path"),
        pytest.param(["*"], ["deep"], ["a.JPG", "b.png"], id="matches"),
        pytest.param(["b.png"], ["*.png"], ["b.png"], id="not what is named"),
        pytest.param(
            ["."], ["*.PNG", "a"], ["./a.JPG", "./b.png", "./deep/e.tif", "./deep/er/c.webp"], id="whole names"
        ),
    ],
)
def test_what_is_excluded(tree, sources, exclude, expected):
    found = expand_sources(sources, io.BytesIO(), SourceOptions(exclude=tuple(exclude)))
    assert [name for name in names(list(found)) if name != "notes.txt"] == expected


@pytest.mark.parametrize(
    ("stdin", "expected"),
    [
        (b"b.png\0a.JPG\0", ["b.png", "a.JPG"]),
        (b"b.png\0a.JPG", ["b.png", "a.JPG"]),
        (b"two\nlines.png\0\0 x.png \0", ["two\nlines.png", " x.png "]),
        (b"", []),
        (b"x.png\0" * 30_000, ["x.png"] * 30_000),
    ],
)
def test_paths_that_end_with_a_zero_byte(tree, stdin, expected):
    assert names(list(expand_sources(["-"], io.BytesIO(stdin), SourceOptions(null_separated=True)))) == expected


def test_a_list_file_holds_sources(tree):
    (tree / "list").write_text("b.png\ndeep\n\n*.JPG\n@notes.txt\n")
    assert names(expand("@list")) == ["b.png", "deep/e.tif", "deep/er/c.webp", "a.JPG", "@notes.txt"]


ENCODINGS = ("utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be")


@pytest.mark.parametrize("encoding", ENCODINGS)
@pytest.mark.parametrize(("zeros", "end"), [(False, "\r\n"), (True, "\0")], ids=["lines", "zeros"])
def test_a_list_in_any_unicode(tree, encoding, zeros, end):
    data = (f"b.png{end}Füße 猫.png{end}" * 20_000).encode(encoding)
    if zeros and encoding in ("utf-16-le", "utf-16-be"):
        data = "\ufeff".encode(encoding) + data  # else its zeros are ends
    found = expand_sources(["-"], io.BytesIO(data), SourceOptions(null_separated=zeros))
    assert names(list(found)) == ["b.png", "Füße 猫.png"] * 20_000


def test_a_list_of_one_letter_and_one_of_bytes_that_are_no_text(tree):
    assert names(expand("-", stdin=b"x")) == ["x"]
    odd = [b"\xff\xff.png", b"\xe9.png"]
    assert names(expand("-", stdin=b"\n".join(odd))) == list(map(os.fsdecode, odd))


def test_a_list_that_is_missing(tree):
    assert expand("@gone") == [FoundImage("@gone", problem="this list cannot be read: No such file or directory")]


@pytest.mark.parametrize(
    "address", ["rtsp://camera/live", "ftp://host/a.jpg", "file:///etc/passwd", "s3://bucket/a.jpg"]
)
def test_other_addresses_are_refused(tree, address):
    expected = FoundImage(address, problem="is no http or https address: cnnkit webcam takes cameras and streams")
    assert expand(address) == [expected]
