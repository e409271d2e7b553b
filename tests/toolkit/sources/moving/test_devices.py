"""Cameras of this machine, by stand-ins of OpenCV's captures and of picamera2."""

from __future__ import annotations

import logging
import sys
import types

import cv2
import numpy as np
import pytest

from cnnkit.errors import SourceError
from cnnkit.sources.moving import devices
from cnnkit.sources.moving.devices import AS_IT_IS, CameraSettings, open_device, open_picamera


class Usb:
    """A camera that grants what it knows, and gives the slowest format where nobody asks."""

    def __init__(self, sizes=((640, 480), (1280, 720))):
        self.sizes, self.asked = sizes, []
        self.values = {
            cv2.CAP_PROP_FOURCC: cv2.VideoWriter_fourcc(*"YUYV"), cv2.CAP_PROP_FPS: 5.0,
            cv2.CAP_PROP_FRAME_WIDTH: 640, cv2.CAP_PROP_FRAME_HEIGHT: 480,
        }  # fmt: skip

    def isOpened(self):
        return True

    def set(self, name, value):
        self.asked.append(name)
        if name != cv2.CAP_PROP_FRAME_HEIGHT or (self.values[cv2.CAP_PROP_FRAME_WIDTH], value) in self.sizes:
            self.values[name] = value
        return True

    def get(self, name):
        return self.values[name]


@pytest.mark.parametrize(
    ("wanted", "said"),
    [
        pytest.param(AS_IT_IS, [], id="as it is"),
        pytest.param(
            CameraSettings("MJPG", (1280, 720), 30), ["camera 0 gives MJPG 1280x720 at 30 frames/s"], id="granted"
        ),
        pytest.param(
            CameraSettings(pixels="MJPG"), ["camera 0 gives MJPG 640x480 at 5 frames/s"], id="the format alone"
        ),
        pytest.param(
            CameraSettings("MJPG", (1280, 960), 30),
            ["camera 0 gives MJPG 1280x480 at 30 frames/s, where MJPG 1280x960 at 30 frames/s was asked for"],
            id="something else",
        ),
    ],
)
def test_what_a_camera_grants_is_said(monkeypatch, caplog, wanted, said):
    camera = Usb()
    monkeypatch.setattr(devices, "open_capture", lambda *_: camera)
    with caplog.at_level(logging.INFO, "cnnkit"):
        opened = open_device(0, "camera 0", wanted)
    assert caplog.messages == said
    assert opened.rate_hz == (wanted.rate_hz or 5)
    if wanted.pixels:
        assert camera.asked[1] == cv2.CAP_PROP_FOURCC, "the format decides about sizes and rates"


def test_a_link_is_followed_each_time(tmp_path, monkeypatch):
    opened = []
    monkeypatch.setattr(devices, "open_capture", lambda target, *_: opened.append(target))
    (tmp_path / "video7").touch()
    (tmp_path / "usb-camera").symlink_to(tmp_path / "video7")
    assert open_device(str(tmp_path / "usb-camera"), "camera", AS_IT_IS) is None
    assert opened == [str(tmp_path / "video7")]


class Picamera2:
    """As picamera2 has it, as far as it is used."""

    def __init__(self, number):
        if number > 0:
            raise IndexError("list index out of range")
        self.configuration, self.running, self.shots = None, False, 0

    def create_video_configuration(self, **configuration):
        return configuration

    def configure(self, configuration):
        self.configuration = configuration

    def start(self):
        self.running = True

    def capture_request(self):
        self.shots += 1
        width, height = self.configuration["main"]["size"]
        pixels = np.full((height, width, 3), self.shots, np.uint8)
        return types.SimpleNamespace(
            make_array=lambda name: pixels, get_metadata=lambda: {"SensorTimestamp": self.shots * 40_000_000},
            release=lambda: None,
        )  # fmt: skip

    def close(self):
        self.running = False


@pytest.fixture
def picamera2(monkeypatch):
    module = types.ModuleType("picamera2")
    module.Picamera2 = Picamera2
    monkeypatch.setitem(sys.modules, "picamera2", module)


def test_the_camera_of_a_raspberry_pi(picamera2):
    opened = open_picamera(0, "picamera", CameraSettings(size=(64, 48), rate_hz=25))
    shots = [opened.capture.read() for _ in range(3)]
    assert [shot.at_s for shot in shots] == [0.04, 0.08, 0.12]
    assert [int(shot.pixels[0, 0, 0]) for shot in shots] == [1, 2, 3] and shots[0].pixels.shape == (48, 64, 3)
    assert opened.timed and opened.rate_hz == 25
    opened.capture.release()
    assert not opened.capture._camera.running


def test_a_raspberry_pi_without_a_second_camera(picamera2):
    with pytest.raises(SourceError, match=r"picamera:1 cannot be opened .*: is the camera connected"):
        open_picamera(1, "picamera:1", AS_IT_IS)


def test_without_picamera2_it_is_named(monkeypatch):
    monkeypatch.setitem(sys.modules, "picamera2", None)
    with pytest.raises(SourceError, match=r"picamera needs picamera2 .*apt install python3-picamera2"):
        open_picamera(0, "picamera", AS_IT_IS)
