from __future__ import annotations

import logging
from itertools import islice, pairwise

import pytest
from live_fakes import FakeCapture, FakeClock

from cnnkit.errors import SourceError
from cnnkit.sources.cameras import Camera, list_cameras
from cnnkit.sources.frames import RETRY_S
from cnnkit.sources.moving import Opened
from cnnkit.sources.reconnecting import FIRST_WAIT_S, LONGEST_WAIT_S, Reconnecting


class Device:
    """A camera that gives what each of its openings in turn gives; None is one that fails."""

    def __init__(self, *openings, retries=None):
        self.clock, self.openings, self.tried_s, self.stopped = FakeClock(), list(openings), [], False
        self.captures = [FakeCapture(self.openings.pop(0))]
        self.frames = Reconnecting(
            Opened(self.captures[0]),
            self._open,
            "camera 0",
            self.clock,
            self.clock.advance,
            lambda: self.stopped,
            retries=retries,
        ).frames()

    def _open(self, limits):
        self.tried_s.append(self.clock.now_ns / 1e9)
        numbers = self.openings.pop(0) if self.openings else None
        if numbers is None:
            raise SourceError("camera 0 cannot be opened")
        self.captures.append(FakeCapture(numbers))
        return Opened(self.captures[-1])

    def seen(self, count):
        return [None if frame.pixels is None else int(frame.pixels[0, 0, 2]) for frame in islice(self.frames, count)]


def test_a_failed_read_or_two_do_not_close_the_camera():
    device = Device([1, None, None, 4, 5])
    assert device.seen(5) == [1, None, None, 4, 5]
    assert device.clock.now_ns / 1e9 == pytest.approx(2 * RETRY_S)
    assert not device.tried_s and device.captures[0].released == 0


def test_a_camera_that_is_gone_is_closed_and_opened_again(caplog):
    caplog.set_level(logging.INFO)
    device = Device([1], None, None, [7, 8])
    seen = device.seen(20)
    assert seen[0] == 1 and [number for number in seen if number is not None] == [1, 7, 8]
    assert device.captures[0].released == 1
    assert caplog.messages == ["camera 0 gives no picture: it is opened again until it does", "camera 0 is back"]


def test_waits_grow_from_half_a_second_to_half_a_minute():
    device = Device([1])
    device.seen(200)
    waits = [later - earlier for earlier, later in pairwise(device.tried_s)]
    assert device.tried_s[0] == pytest.approx(10 * RETRY_S + FIRST_WAIT_S)
    assert waits[:7] == pytest.approx([1, 2, 4, 8, 16, LONGEST_WAIT_S, LONGEST_WAIT_S])


def test_it_is_said_every_second_that_there_is_no_picture():
    device = Device([1])
    stamps = [frame.captured_ns / 1e9 for frame in islice(device.frames, 100)]
    assert max(later - earlier for earlier, later in pairwise(stamps)) <= 1.0


@pytest.mark.parametrize(
    ("retries", "tried"),
    [
        (0, ""),
        (1, ", and opening it again once did not help"),
        (3, ", and opening it again 3 times did not help"),
    ],
)
def test_after_so_many_attempts_it_is_an_error(retries, tried):
    device = Device([1], retries=retries)
    with pytest.raises(SourceError, match=f"^camera 0 gives no picture{tried}: check the connection$"):
        device.seen(1000)
    assert len(device.tried_s) == retries
    assert device.captures[0].released == 1


def test_opening_without_a_picture_is_a_failure_too_and_a_picture_begins_anew():
    device = Device([1], [], [], [5], None, None, None, retries=3)
    with pytest.raises(SourceError):
        device.seen(1000)
    assert len(device.tried_s) == 6  # two empty ones, a good one, three failures


def test_numbers_go_on_and_the_device_is_given_back_at_the_end():
    device = Device([1], [7, 8, 9, 10])
    frames = list(islice(device.frames, 14))
    assert [frame.number for frame in frames] == list(range(14))
    device.stopped = True
    assert list(device.frames) == []
    assert [capture.released for capture in device.captures] == [1, 1]


def test_cameras_of_linux_have_names(tmp_path):
    for name, camera, index in (("video0", "HD Webcam", "0"), ("video1", "HD Webcam", "1"), ("video10", "USB", "0")):
        (tmp_path / name).mkdir()
        (tmp_path / name / "name").write_text(camera + "\n")
        (tmp_path / name / "index").write_text(index + "\n")
    (tmp_path / "video2").mkdir()
    links = tmp_path / "by-id"
    links.mkdir()
    for index, device in enumerate(("video0", "video1")):
        (links / f"usb-HD-index{index}").symlink_to(tmp_path / device)
    assert list_cameras("linux", tmp_path, links) == [
        Camera("/dev/video0", "HD Webcam", str(links / "usb-HD-index0")), Camera("/dev/video2", None),
        Camera("/dev/video10", "USB"),
    ]  # fmt: skip
    assert list_cameras("linux", tmp_path / "gone", tmp_path) == []


def test_elsewhere_cameras_are_tried(monkeypatch):
    monkeypatch.setattr("cnnkit.sources.cameras._opens", lambda index: index in (0, 2))
    assert list_cameras("darwin") == [Camera("0", None), Camera("2", None)]
