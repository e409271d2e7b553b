from __future__ import annotations

import cv2
import pytest
from live_fakes import FakeClock, picture
from rtsp_server import Encoder, read_stamp, stamped

from cnnkit.errors import MissingExtraError, SourceError
from cnnkit.sources.moving.pipe import Pipe, kind_of, open_pipe
from cnnkit.sources.reconnecting import Reconnecting

JPEGS = b"".join(cv2.imencode(".jpg", picture(number))[1].tobytes() for number in (50, 100, 150))


def pipe_of(data, step=700):
    parts = [data[start : start + step] for start in range(0, len(data), step)]
    return Pipe(lambda most: parts.pop(0) if parts else b"")


def test_jpegs_behind_one_another_are_pictures_until_the_pipe_ends():
    opened = open_pipe(pipe_of(JPEGS))
    shots = [opened.capture.read() for _ in range(4)]
    assert [round(float(shot.pixels[..., 2].mean()), -1) for shot in shots[:3]] == [50, 100, 150]
    assert shots[3].ended and opened.final


def test_h264_is_decoded_with_the_extra():
    pytest.importorskip("av")
    encoder = Encoder(25)
    data = b"".join(encoder.encode(stamped(number), number * 3600) for number in range(30))
    opened = open_pipe(pipe_of(data))
    seen = []
    while not (shot := opened.capture.read()).ended:
        seen.append(read_stamp(shot.pixels))
    assert seen == list(range(30))
    assert opened.final and not opened.timed and not opened.recorded


def test_a_pipe_that_ends_is_the_end_and_not_opened_again():
    clock = FakeClock()
    reading = Reconnecting(
        open_pipe(pipe_of(JPEGS)), lambda: pytest.fail("opened again"), "stdin", clock, clock.advance, lambda: False
    )
    assert [frame.pixels is not None for frame in reading.frames()] == [True, True, True]


def test_a_pipe_that_ends_before_a_picture_is_an_error():
    clock = FakeClock()
    cut = open_pipe(pipe_of(JPEGS[:300]))
    reading = Reconnecting(cut, lambda: pytest.fail("opened again"), "stdin", clock, clock.advance, lambda: False)
    with pytest.raises(SourceError, match=r"stdin ended before a picture came that was live: .* named by its path"):
        list(reading.frames())


def test_what_is_no_video_is_one_line():
    pytest.importorskip("av")
    with pytest.raises(SourceError, match=r"stdin gives no video that can be read: expected MJPEG, H\.264"):
        open_pipe(pipe_of(b"hello, this is no video at all. " * 100))
    with pytest.raises(SourceError, match="stdin is empty"):
        open_pipe(pipe_of(b""))


def test_without_the_extra_it_is_named(monkeypatch):
    monkeypatch.setattr("cnnkit.system.extras.find_spec", lambda name: None)
    with pytest.raises(MissingExtraError, match="a stream on stdin that is not MJPEG needs av"):
        open_pipe(pipe_of(b"\0\0\0\1\x67"))


@pytest.mark.parametrize(
    ("head", "kind"),
    [
        (b"\0\0\0\1\x67\x64", "h264"),
        (b"\0\0\1\x09\xf0", "h264"),
        (b"\0\0\0\1\x40\x01", "hevc"),
        (b"\x47" + bytes(187) + b"\x47", "mpegts"),
        (b"\x1aE\xdf\xa3", ""),
        (b"\0", ""),
    ],
)
def test_streams_are_told_by_how_they_begin(head, kind):
    assert kind_of(head) == kind
