"""Without the extra "video": what OpenCV alone makes of films and streams."""

from __future__ import annotations

import logging

import pytest
from live_fakes import write_video

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address
from cnnkit.sources.moving import TimeLimits, open_film, open_stream, plain


@pytest.fixture(autouse=True)
def base_install(monkeypatch):
    monkeypatch.setattr("cnnkit.sources.moving.decoded.is_installed", lambda: False)


def test_films_have_the_times_they_say(tmp_path):
    opened = open_film(str(write_video(tmp_path / "film.mp4", [10, 20, 30], rate_hz=5)), "film.mp4")
    assert [opened.capture.read().at_s for _ in range(3)] == pytest.approx([0, 0.2, 0.4])
    assert opened.recorded and (opened.rate_hz, opened.promised_frames) == (5, 3)


def test_a_stream_is_read_plainly_and_what_is_missing_is_said(monkeypatch, caplog):
    monkeypatch.setattr(plain, "open_address", lambda *_: plain.Opened(None))
    with caplog.at_level(logging.WARNING, "cnnkit"):
        open_stream(Address("stream", "rtsp://user:secret@host", "rtsp://user:***@host"), TimeLimits())
    assert caplog.messages == [
        "rtsp://user:***@host: torn and late pictures of a stream are not told from others without the extra video: "
        "pip install 'cnnkit[video]'"
    ]


def test_a_stream_that_cannot_be_opened_says_why():
    with pytest.raises(SourceError, match="the camera cannot be reached: the connection is refused"):
        open_stream(Address("stream", "rtsp://127.0.0.1:9/live", "the camera"), TimeLimits(open_s=2))
