"""Several cameras in one loop: batches over them, and none takes another one with it."""

from __future__ import annotations

import json
import threading

import numpy as np
import pytest
from click.testing import CliRunner
from live_fakes import FakeClock, FakeLog, SlowClassifier, count_frames, picture, write_video

from cnnkit.cli import main
from cnnkit.errors import OutputError, SourceError, UsageError
from cnnkit.live.answering import AnswerOptions, FrameClassifier
from cnnkit.live.channel import Channel, ChannelOptions
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.outputs import Outputs
from cnnkit.live.videos import check_addresses, open_videos, parse_addresses
from cnnkit.live.wall import screens_of
from cnnkit.sources import AS_USUAL, CameraSettings, Frame, OpeningOptions, TimeLimits, Video, open_video
from cnnkit.sources.address import Address
from cnnkit.sources.moving import Opened
from cnnkit.system import TypedAddress


class Batches(SlowClassifier):
    """Keeps the size of each batch."""

    def __init__(self, clock):
        super().__init__(clock)
        self.sizes = []

    def probabilities(self, images):
        self.sizes.append(len(images))
        return np.array([self.answer] * len(images), np.float32)


class Frames:
    """Gives so many frames, each when it is asked for, and then ends or fails."""

    def __init__(self, clock, count, error=None):
        self.clock, self.count, self.error, self.given = clock, count, error, 0

    @property
    def ended(self):
        return self.given >= self.count and self.error is None

    def take(self, timeout_s):
        self.clock.advance(0.01)
        if self.given >= self.count:
            if self.error is not None:
                raise self.error
            return None
        self.given += 1
        return Frame(self.given - 1, self.given / 10, picture(self.given), self.clock.now_ns)

    def close(self):
        pass


def run(*sources_of, **options):
    clock, bell = FakeClock(), threading.Event()
    bell.wait = lambda timeout_s: True
    classifier = Batches(clock)
    logs, channels = [], []
    for make in sources_of:
        logs.append(FakeLog())
        answering = FrameClassifier(classifier, AnswerOptions(smooth_s=0))
        channels.append(
            Channel(make(clock), answering, clock, Outputs(watchers=[logs[-1]]), ChannelOptions(live=False))
        )
    loop = LiveLoop(channels, classifier, clock, threading.Event(), LoopOptions(**options), bell=bell)
    return loop.run(), [len(log.observations) for log in logs], classifier.sizes


def test_frames_that_are_there_together_are_classified_together():
    summary, seen, sizes = run(*[lambda clock: Frames(clock, 5)] * 3)
    assert (summary.classified, seen, sizes) == (15, [5, 5, 5], [3] * 5)


def test_a_camera_that_fails_takes_no_other_with_it(caplog):
    summary, seen, sizes = run(
        lambda clock: Frames(clock, 2, SourceError("camera 1 is gone")), lambda clock: Frames(clock, 5)
    )
    assert (seen, sizes, summary.failed) == ([2, 5], [2, 2, 1, 1, 1], 1)
    assert caplog.messages == ["camera 1 is gone"] and "1 camera given up" in str(summary)


def test_a_single_camera_that_fails_is_an_error():
    with pytest.raises(SourceError, match="gone"):
        run(lambda clock: Frames(clock, 2, SourceError("gone")))


def test_frames_of_all_cameras_count():
    assert run(*[lambda clock: Frames(clock, 50)] * 2, max_frames=6)[0].classified == 6


@pytest.fixture
def clips(tmp_path):
    return [str(write_video(tmp_path / f"clip{number}.avi", [200] * 10)) for number in (1, 2)]


def webcam(*arguments):
    return CliRunner().invoke(main, ["webcam", *map(str, arguments)])


def test_rows_name_their_camera_and_each_has_a_recording(tmp_path, clips, tiny_model):
    call = ("-s", clips[0], "-s", clips[1], "-m", tiny_model, "--headless", "--fast", "--every", 0)
    result = webcam(*call, "--record", tmp_path / "out.mp4")
    assert result.exit_code == 0, result.output
    rows = [json.loads(line) for line in result.stdout.splitlines()]
    assert {(row["source"], row["camera"]) for row in rows} == {(clips[0], 1), (clips[1], 2)}
    assert [sum(row["camera"] == number for row in rows) for number in (1, 2)] == [10, 10]
    assert list(rows[0])[:3] == ["source", "camera", "frame"]
    assert [count_frames(tmp_path / f"out-{number}.mp4") for number in (1, 2)] == [10, 10]
    assert webcam(*call, "--record", tmp_path / "out.mp4").exit_code == 1, "both exist already"


def test_what_cannot_be_opened_is_said_and_the_others_go_on(tmp_path, clips, tiny_model):
    (tmp_path / "noise.mp4").write_bytes(bytes(number * 7919 % 256 for number in range(9999)))
    result = webcam("-s", clips[0], "-s", tmp_path / "noise.mp4", "-m", tiny_model, "--headless", "--fast")
    assert result.exit_code == 1, "some inputs failed"
    assert [json.loads(line)["label"] for line in result.stdout.splitlines()] == ["red"]
    assert "noise.mp4 is no video that can be read" in result.stderr and "1 camera given up" in result.stderr


def test_one_that_is_misspelt_is_said_at_once_and_the_others_go_on(clips, tiny_model):
    result = webcam("-s", "no.mp4", "-s", clips[1], "-m", tiny_model, "--headless", "--fast")
    assert result.exit_code == 1, "some inputs failed"
    assert [(row["camera"], row["label"]) for row in map(json.loads, result.stdout.splitlines())] == [(2, "red")]
    first, summary = result.stderr.splitlines()
    assert first == (
        "cnnkit: error: no.mp4 cannot be opened (No such file or directory): expected a camera index such as 0, a "
        "video file, or an address; the other sources go on"
    )
    assert summary.startswith("10 frames classified, 1 camera given up")
    none = webcam("-s", "no.mp4", "-s", "gopher://host/", "-m", tiny_model, "--headless")
    assert (none.exit_code, none.stdout, none.stderr.count("\n")) == (1, "", 1)
    assert none.stderr.startswith("cnnkit: error: no.mp4 cannot be opened (No such file or directory): expected")


@pytest.mark.parametrize(
    ("option", "sources", "listens"),
    [
        ("--camera-size", [Address("file", "a.mp4", "a.mp4"), Address("stream", "rtsp://h/", "rtsp://h/")], 0),
        ("--camera-fps", [Address("pipe", "-", "stdin")], 0),
        ("--camera-format", [Address("picamera", 0, "picamera")], 0),
        ("--camera-size", [Address("picamera", 0, "picamera")], 1),
        ("--camera-format", [Address("file", "a.mp4", "a.mp4"), Address("camera", 0, "0")], 1),
    ],
)
def test_settings_of_a_camera_need_one(option, sources, listens):
    settings = {
        "--camera-size": CameraSettings(size=(640, 480)), "--camera-fps": CameraSettings(rate_hz=30.0),
        "--camera-format": CameraSettings(pixels="MJPG"),
    }[option]  # fmt: skip
    options = OpeningOptions(camera=settings)
    if listens:
        check_addresses(sources, options)
        return
    with pytest.raises(UsageError, match=f"^{option} is for a camera of this machine, and {sources[0]} is none: leave"):
        check_addresses(sources, options)


def test_a_camera_that_is_not_there_yet_is_one_to_come(monkeypatch):
    sources = (TypedAddress("/dev/video987"), TypedAddress("rtsp://127.0.0.1:9/live"))
    addresses = parse_addresses(sources, insecure=False)
    monkeypatch.setattr("cnnkit.live.videos.open_video", lambda address, options: _refuse(address))
    with pytest.raises(SourceError, match="video987 is not there"):
        open_videos(addresses, AS_USUAL)
    monkeypatch.setattr(
        "cnnkit.live.videos.open_video",
        lambda address, options: _refuse(address) if address.kind == "camera" else "open",
    )
    monkeypatch.setattr("cnnkit.live.videos._is_open", lambda found: found == "open")
    to_come, opened = open_videos(addresses, AS_USUAL)
    assert (to_come.opened, to_come.is_live, to_come.lost, opened) == (None, True, False, "open")


def _refuse(address):
    raise SourceError(f"{address} is not there")


def test_a_device_is_read_once():
    with pytest.raises(UsageError, match="--source 0 is named twice"):
        check_addresses([Address("camera", 0, "0"), Address("file", "a", "a"), Address("camera", 0, "0")])
    check_addresses([Address("file", "a", "a"), Address("file", "a", "a")])


def test_pictures_of_several_cameras_are_side_by_side_in_one_window():
    shown = []

    class Window:
        def show(self, image):
            shown.append(image.copy())

        def command(self):
            return "quit"

    assert len(screens_of(Window(), 1)) == 1
    tiles = screens_of(Window(), 3)
    for number, tile in enumerate(tiles):
        tile.show(np.full((90, 160, 3), 80 * (number + 1), np.uint8))
    last = shown[-1]
    assert last.shape == (720, 1280, 3)
    assert [int(last[y, x, 0]) for y, x in ((180, 320), (180, 960), (540, 320), (540, 960))] == [80, 160, 240, 0]
    assert tiles[2].command() == "quit"


def test_outputs_of_one_camera_fail_for_all():
    class Full(FakeLog):
        def write(self, observation):
            raise OutputError("the disk is full")

    clock = FakeClock()
    classifier = Batches(clock)
    channels = [
        Channel(
            Frames(clock, 5), FrameClassifier(classifier, AnswerOptions()), clock, Outputs(watchers=[Full()]),
            ChannelOptions(live=False),
        )
        for _ in range(2)
    ]  # fmt: skip
    with pytest.raises(OutputError):
        LiveLoop(channels, classifier, clock, threading.Event(), LoopOptions()).run()


def test_one_that_hangs_while_it_is_opened_holds_no_other_up(monkeypatch, clips, caplog):
    going_on, released = threading.Event(), threading.Event()

    class Late:
        def release(self):
            released.set()

    def open_slowly(address, options):
        if address.name == "slow":
            going_on.wait(10)
            return Video(address, Opened(Late()), options)
        return open_video(address, options)

    monkeypatch.setattr("cnnkit.live.videos.open_video", open_slowly)
    addresses = [
        Address("stream", "rtsp://slow", "slow"),
        *parse_addresses([TypedAddress(str(clips[0]))], insecure=False),
    ]
    slow, film = open_videos(addresses, OpeningOptions(TimeLimits(open_s=0.2)))
    assert slow.opened is None and slow.is_live and film.opened is not None
    assert caplog.messages == ["slow is not open after 0.3 seconds"]
    film.opened.capture.release()
    assert not released.is_set()
    going_on.set()
    assert released.wait(10)
