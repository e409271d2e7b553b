"""PyAV as a reader, on films and cameras that are made here."""

from __future__ import annotations

import socket
import threading
from fractions import Fraction

import numpy as np
import pytest
from live_fakes import picture
from rtsp_server import Camera, now_ms, read_stamp, stamped

from cnnkit.errors import SourceError
from cnnkit.sources import TimeLimits
from cnnkit.sources.frames import file_frames
from cnnkit.sources.moving import decoded, plain

av = pytest.importorskip("av")


def write_film(path, times_s, codec="libx264", **options):
    """A film whose pictures are taken at these times, their numbers in red."""
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=25, options=options)
        stream.height, stream.width, stream.pix_fmt = 48, 64, "yuvj420p" if codec == "mjpeg" else "yuv420p"
        stream.codec_context.time_base = stream.time_base = Fraction(1, 1000)
        for number, at_s in enumerate(times_s):
            frame = av.VideoFrame.from_ndarray(picture(number * 10), format="bgr24")
            frame.pts, frame.time_base = round(at_s * 1000), Fraction(1, 1000)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return path


def frames_of(opened):
    return list(file_frames(opened.capture, "film", opened.rate_hz or 25, opened.promised_frames, lambda: 0))


UNEVEN_S = [0.0, 0.04, 0.08, 0.5, 0.9, 1.4]


@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".ts"])
@pytest.mark.parametrize("reader", [decoded.open_file, lambda path: plain.open_file(path, "film")], ids=["av", "cv2"])
def test_frames_of_a_film_of_variable_rate_have_the_times_it_says(tmp_path, suffix, reader, caplog):
    path = write_film(tmp_path / f"film{suffix}", UNEVEN_S, g="3", bf="0")
    frames = frames_of(reader(str(path)))
    assert [frame.seconds for frame in frames] == pytest.approx(UNEVEN_S, abs=0.002)
    assert [int(np.median(frame.pixels[..., 2])) for frame in frames] == pytest.approx(range(0, 60, 10), abs=4)
    assert not caplog.messages


@pytest.mark.parametrize("step", [0.04, 0.1], ids=["at-its-rate", "slower"])
def test_a_film_that_is_cut_is_told_by_the_length_that_it_says(tmp_path, step, caplog):
    path = write_film(tmp_path / "film.mkv", [number * step for number in range(100)], g="5", bf="0")
    data = path.read_bytes()
    path.write_bytes(data[: len(data) * 6 // 10])
    frames = frames_of(decoded.open_file(str(path)))
    assert 30 < len(frames) < 80
    (said,) = caplog.messages
    assert said.startswith("film: the last ") and said.endswith(" frames cannot be read, the file is damaged")


@pytest.mark.parametrize("name", ["film.h264", "film.mjpeg"])
def test_frames_without_times_follow_one_another_at_the_rate(tmp_path, name):
    codec = "mjpeg" if name.endswith("mjpeg") else "libx264"
    path = write_film(tmp_path / name, [number / 25 for number in range(5)], codec)
    frames = frames_of(decoded.open_file(str(path)))
    assert [frame.seconds for frame in frames] == pytest.approx([0, 0.04, 0.08, 0.12, 0.16])


def test_a_torn_picture_is_damaged_with_the_one_it_runs_into(tmp_path):
    path = write_film(tmp_path / "film.mjpeg", [number / 25 for number in range(6)], "mjpeg")
    parts = [b"\xff\xd8" + part for part in path.read_bytes().split(b"\xff\xd8")[1:]]
    parts[2] = parts[2][: len(parts[2]) // 2]
    path.write_bytes(b"".join(parts))
    assert [frame.fault for frame in frames_of(decoded.open_file(str(path)))] == [
        "", "", "damaged", "", "",
    ]  # fmt: skip


def test_what_is_made_from_missing_bytes_is_damaged_until_the_next_key_frame(tmp_path):
    path = tmp_path / "film.ts"
    rng = np.random.default_rng(0)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"tune": "zerolatency", "g": "5"})
        stream.height, stream.width, stream.pix_fmt = 240, 320, "yuv420p"
        for number in range(20):
            image = stamped(number)
            image[64:] = rng.integers(0, 255, image[64:].shape)
            frame = av.VideoFrame.from_ndarray(image, format="bgr24")
            frame.pts, frame.time_base = number, Fraction(1, 5)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    data = path.read_bytes()
    middle = len(data) // 188 // 2 * 188
    path.write_bytes(data[:middle] + data[middle + 7 * 188 :])
    frames = frames_of(decoded.open_file(str(path)))
    damaged = [index for index, frame in enumerate(frames) if frame.fault]
    assert damaged and damaged == list(range(damaged[0], 5 * (damaged[0] // 5 + 1))), "until the key frame"
    assert [read_stamp(frame.pixels) for frame in frames if not frame.fault] == [
        number for number in range(20) if number not in damaged
    ]


def test_a_film_of_a_phone_is_turned_upright():
    class Turned:
        rotation, width = -90, 64

        def to_ndarray(self, format):
            return np.arange(12, dtype=np.uint8).reshape(2, 2, 3)

    assert decoded._upright(Turned())[..., 0].tolist() == [[6, 0], [9, 3]]


@pytest.mark.parametrize("content", [b"", b"\0" * 4000, bytes(range(256)) * 20])
def test_what_is_no_film_is_none(tmp_path, content):
    (tmp_path / "film.mp4").write_bytes(content)
    assert decoded.open_file(str(tmp_path / "film.mp4")) is None


@pytest.fixture
def camera():
    with Camera(depth=0) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        thread.start()
        yield server
        server.closed = True
        server.shutdown()
        thread.join()


LIMITS = TimeLimits(open_s=3, read_s=2)


def test_a_network_camera_says_when_its_pictures_were_taken(camera):
    opened = decoded.open_address(camera.address, "camera", LIMITS)
    assert opened.timed and not opened.recorded and opened.promised_frames == 0
    shots = [opened.capture.read() for _ in range(20)]
    opened.capture.release()
    times = [shot.at_s for shot in shots if shot.at_s is not None and shot.pixels is not None]
    stamps = [read_stamp(shot.pixels) / 1000 for shot in shots if shot.at_s is not None and shot.pixels is not None]
    assert len(times) > 10
    assert np.diff(times) == pytest.approx(np.diff(stamps), abs=0.02)
    assert 0 <= now_ms() - read_stamp(shots[-1].pixels) < 3000


def test_why_a_camera_cannot_be_opened(camera, tmp_path):
    camera.login = "Basic dXNlcjpwYXNz"
    host = f"127.0.0.1:{camera.server_address[1]}"
    decoded.open_address(f"rtsp://user:pass@{host}/live", "camera", LIMITS).capture.release()
    reasons = {
        f"rtsp://user:wrong@{host}/live": "refuses the user name or password",
        f"rtsp://user:pass@{host}/other": "does not know the path",
        "rtsp://127.0.0.1:9/live": "the connection is refused, as nothing listens there",
    }
    for address, reason in reasons.items():
        with pytest.raises(SourceError, match=reason) as caught:
            decoded.open_address(address, "the camera", LIMITS)
        assert "pass" not in str(caught.value).replace("password", "") and "wrong" not in str(caught.value)


@pytest.mark.parametrize("scheme", ["rtsp", "tcp"])
def test_a_server_that_never_answers_is_told_from_one_that_does(scheme):
    with socket.create_server(("127.0.0.1", 0)) as silent:
        address = f"{scheme}://127.0.0.1:{silent.getsockname()[1]}/live"
        with pytest.raises(SourceError, match=r"^the camera gives no answer within 0\.6 seconds: check the address"):
            decoded.open_address(address, "the camera", TimeLimits(open_s=0.6))
