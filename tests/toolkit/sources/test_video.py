from __future__ import annotations

import os
import subprocess
import sys

import pytest
from live_fakes import FakeCapture, FakeClock, write_video

from cnnkit.errors import SourceError
from cnnkit.sources.address import Address, parse_address
from cnnkit.sources.moving import Opened
from cnnkit.sources.moving.shots import sane_rate
from cnnkit.sources.newest import EveryFrame, NewestFrame
from cnnkit.sources.video import Video, open_video


@pytest.mark.parametrize("suffix", [".mp4", ".avi"])
def test_a_video_file_gives_its_frames_in_order(tmp_path, suffix):
    path = write_video(tmp_path / f"größe{suffix}", [40, 120, 200], rate_hz=50.0)
    video = open_video(parse_address(str(path)))
    assert (video.rate_hz, video.opened.promised_frames, video.is_live) == (50.0, 3, False)
    source = video.frames(every=True)
    frames = [source.take(0) for _ in range(3)]
    source.close()
    assert [int(frame.pixels[..., 2].mean()) for frame in frames] == pytest.approx([40, 120, 200], abs=12)
    assert [frame.seconds for frame in frames] == [0.0, 0.02, 0.04]
    assert frames[0].pixels.shape == (48, 64, 3)


def test_a_file_that_is_cut_before_its_index_is_one_line(tmp_path):
    path = write_video(tmp_path / "cut.mp4", list(range(50)))
    path.write_bytes(path.read_bytes()[:700])
    with pytest.raises(SourceError, match="is no video that can be read: expected an MP4, AVI"):
        open_video(parse_address(str(path)))


@pytest.mark.parametrize(
    ("address", "message"),
    [
        pytest.param(Address("camera", 987, "987"), "camera 987 cannot be opened: ", id="index"),
        pytest.param(Address("camera", "/dev/null", "/dev/null"), "/dev/null cannot be opened: ", id="no camera"),
        pytest.param(
            Address("stream", "http://127.0.0.1:9/a", "http://127.0.0.1:9/a"), "the connection is refused", id="address"
        ),
    ],
)
def test_what_cannot_be_opened_is_one_line(address, message):
    with pytest.raises(SourceError) as caught:
        open_video(address)
    assert message in str(caught.value) and "\n" not in str(caught.value)


def test_a_camera_without_permission_says_so(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(SourceError, match="permission denied: join the group that owns /dev/null"):
        open_video(Address("camera", "/dev/null", "/dev/null"))


def test_opencv_and_ffmpeg_say_nothing_themselves(tmp_path):
    path = write_video(tmp_path / "damaged.mp4", list(range(100)))
    data = bytearray(path.read_bytes())
    data[400:900] = bytes(number * 7919 % 256 for number in range(500))
    path.write_bytes(data)
    code = (
        "from cnnkit.errors import SourceError\n"
        "from cnnkit.sources.address import Address\n"
        "from cnnkit.sources.video import open_video\n"
        "try: open_video(Address('camera', 987, '987'))\n"
        "except SourceError: pass\n"
        f"capture = open_video(Address('file', {str(path)!r}, 'x')).opened.capture\n"
        "print(sum(capture.read().pixels is not None for _ in range(100)))\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stderr == ""
    assert 0 < int(done.stdout) < 100


@pytest.mark.parametrize(
    ("kind", "promised", "every", "live", "source"),
    [
        pytest.param("camera", 0, False, True, NewestFrame, id="camera"),
        pytest.param("stream", 0, False, True, NewestFrame, id="live stream"),
        pytest.param("stream", 4, False, False, NewestFrame, id="recorded stream"),
        pytest.param("file", 0, False, False, NewestFrame, id="file that does not say its length"),
        pytest.param("file", 4, True, False, EveryFrame, id="every frame of a file"),
        pytest.param("camera", 0, True, True, NewestFrame, id="a camera has none but the newest"),
    ],
)
def test_how_a_source_is_read(kind, promised, every, live, source):
    capture = FakeCapture([1, 2])
    video = Video(Address(kind, "x", "x"), Opened(capture, None, promised, recorded=not live))
    frames = video.frames(every=every, clock=FakeClock())
    assert video.is_live is live and type(frames) is source
    frames.close()
    assert capture.released == 1


@pytest.mark.parametrize(
    ("said", "believed"),
    [(25.0, 25.0), (0.0, None), (-1.0, None), (float("nan"), None), (float("inf"), None), (90000.0, None)],
)
def test_rates_that_nobody_can_mean_are_not_believed(said, believed):
    assert sane_rate(said) == believed
