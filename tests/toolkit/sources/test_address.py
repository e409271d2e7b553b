from __future__ import annotations

import pytest

from cnnkit.errors import SourceError
from cnnkit.sources import address as module
from cnnkit.sources.address import parse_address


@pytest.mark.parametrize(
    ("text", "kind", "target", "shown"),
    [
        pytest.param("0", "camera", 0, "camera 0", id="index"),
        pytest.param("12", "camera", 12, "camera 12", id="index of two digits"),
        pytest.param("/dev/null", "camera", "/dev/null", "/dev/null", id="device"),
        pytest.param("http://host/a.mjpg", "stream", "http://host/a.mjpg", "http://host/a.mjpg", id="http"),
        pytest.param("RTSP://host/s", "stream", "rtsp://host/s", "RTSP://host/s", id="upper case"),
        pytest.param(
            "rtsp://me:se%40cret@host:554/s?x=1",
            "stream",
            "rtsp://me:se%40cret@host:554/s?x=1",
            "rtsp://me:***@host:554/s?x=1",
            id="password",
        ),
        pytest.param("rtsp://me@host/s", "stream", "rtsp://me@host/s", "rtsp://me@host/s", id="user alone"),
    ],
)
def test_kinds(text, kind, target, shown):
    address = parse_address(text)
    assert (address.kind, address.target, str(address)) == (kind, target, shown)


def test_a_digit_that_is_not_ascii_is_a_file_name():
    with pytest.raises(SourceError, match="² cannot be opened"):
        parse_address("²")


@pytest.mark.parametrize(
    "head",
    [
        pytest.param(b"\x00\x00\x00\x20ftypisom", id="mp4"),
        pytest.param(b"RIFF\x10\x00\x00\x00AVI LIST", id="avi"),
        pytest.param(b"GIF89a\x01\x00", id="gif"),
        pytest.param(b"YUV4MPEG2 W64 H48 F25:1\nFRAME\n" + b"\xff" * 99, id="y4m, bright"),
        pytest.param(b"#EXTM3U\n#EXTINF:1,\nsegment.ts\n", id="playlist"),
    ],
)
def test_files_that_may_be_videos(tmp_path, head):
    path = tmp_path / "clip.gif"
    path.write_bytes(head)
    assert parse_address(str(path)).kind == "file"


def _write(name, data):
    def make(folder):
        path = folder / name
        path.write_bytes(data)
        return path

    return make


def _folder(folder):
    return folder


def _pipe(folder):
    import os

    os.mkfifo(folder / "pipe")
    return folder / "pipe"


@pytest.mark.parametrize(
    ("make", "message"),
    [
        pytest.param(lambda folder: folder / "no.mp4", "(No such file or directory): expected a camera", id="missing"),
        pytest.param(_write("empty.mp4", b""), "is empty, expected a video file", id="empty"),
        pytest.param(_write("text.mp4", b"hello\n" * 9), "is a text file, expected a video", id="text"),
        pytest.param(_write("a.txt", "Größe\n".encode("latin-1")), "is a text file, expected a video", id="latin-1"),
        pytest.param(_write("b.txt", "hi".encode("utf-16")), "is a text file, expected a video", id="utf-16"),
        pytest.param(_write("c.PNG", b"\x89PNG\r\n\x1a\n\x00"), "is an image, expected a video", id="image"),
        pytest.param(_folder, "is a folder, expected a video", id="folder"),
        pytest.param(_pipe, "is neither a file nor a camera", id="pipe"),
    ],
)
def test_files_that_are_no_videos(tmp_path, make, message):
    path = make(tmp_path)
    with pytest.raises(SourceError) as caught:
        parse_address(str(path))
    assert str(caught.value).startswith(str(path)) and message in str(caught.value)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("ftp://host/a.mp4", "expected an address that begins with http, https, rtsp", id="scheme"),
        pytest.param("http://[::1/a", "is no address: expected scheme://host:port/path", id="broken"),
        pytest.param("a\x00b", "embedded null", id="null byte"),
        pytest.param("", "expected a camera index such as 0", id="nothing"),
    ],
)
def test_addresses_that_are_none(text, message):
    with pytest.raises(SourceError) as caught:
        parse_address(text)
    assert message in str(caught.value)


def test_a_missing_device_names_the_cameras_that_there_are(monkeypatch):
    monkeypatch.setattr(module, "cameras_present", lambda: ("/dev/video0", "/dev/video2"))
    with pytest.raises(SourceError, match=r"video987 cannot be .*: the cameras here are /dev/video0, /dev/video2$"):
        parse_address("/dev/video987")
