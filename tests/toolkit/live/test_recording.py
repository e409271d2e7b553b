from __future__ import annotations

import logging
import os
import signal
import threading
from pathlib import Path

import cv2
import pytest
from live_fakes import count_frames, picture

from cnnkit.errors import OutputError
from cnnkit.live.recording import Recorder, check_recording
from cnnkit.live.stopping import stop_on_signals


def record(path, moments, rate_hz=25.0, sizes=None):
    recorder = Recorder(path, rate_hz)
    for index, seconds in enumerate(moments):
        recorder.write(picture(20 * index, (sizes or [(48, 64)] * len(moments))[index]), seconds)
    recorder.close()
    return path


def brightness(path):
    """The number that each frame carries, as a multiple of 20."""
    capture, numbers = cv2.VideoCapture(str(path)), []
    while True:
        ok, image = capture.read()
        if not ok:
            return numbers
        numbers.append(round(image[..., 2].mean() / 20))


@pytest.mark.parametrize("suffix", [".mp4", ".avi", ".mkv", ".MP4"])
@pytest.mark.parametrize(
    ("moments", "shown"),
    [
        pytest.param([0.0, 0.04, 0.08], [0, 1, 2], id="in time"),
        pytest.param([5.0, 5.04, 5.08], [0, 1, 2], id="started later"),
        pytest.param([0.0, 0.12, 0.16], [0, 0, 0, 1, 2], id="late frames repeat the one before"),
        pytest.param([0.0, 0.01, 0.04], [0, 2], id="frames too many are left out"),
        pytest.param([0.0], [0], id="one"),
    ],
)
def test_a_recording_plays_at_the_speed_of_the_source(tmp_path, suffix, moments, shown):
    assert brightness(record(tmp_path / f"out{suffix}", moments)) == shown


def test_long_pauses_are_shortened(tmp_path):
    assert count_frames(record(tmp_path / "out.mp4", [0.0, 3600.0, 3600.04])) == 1 + 250 + 1


def test_odd_sizes_lose_a_pixel_and_a_stream_that_changes_its_size_is_fitted(tmp_path):
    path = record(tmp_path / "out.mp4", [0.0, 0.04, 0.08], sizes=[(49, 65), (96, 128), (49, 65)])
    assert count_frames(path) == 3
    capture = cv2.VideoCapture(str(path))
    assert (capture.get(cv2.CAP_PROP_FRAME_WIDTH), capture.get(cv2.CAP_PROP_FRAME_HEIGHT)) == (64, 48)


def test_without_a_frame_there_is_no_file_and_a_warning(tmp_path, caplog):
    with caplog.at_level(logging.WARNING, "cnnkit"):
        record(tmp_path / "out.mp4", [])
    assert caplog.messages == [f"nothing was recorded: there is no {tmp_path / 'out.mp4'}"]
    assert not list(tmp_path.iterdir())


def test_a_file_that_cannot_be_opened_is_one_line(tmp_path):
    with pytest.raises(OutputError, match=r"out\.mp4 cannot be written: No such file|cannot write such a video"):
        Recorder(tmp_path / "no" / "out.mp4", 25.0).write(picture(1), 0.0)


@pytest.mark.parametrize(
    ("name", "overwrite", "message"),
    [
        pytest.param("out.mp4", False, None, id="new"),
        pytest.param("old.mp4", True, None, id="overwrite"),
        pytest.param("old.mp4", False, "exists already: name another file, or pass --overwrite", id="exists"),
        pytest.param("folder.mp4", True, "it is a folder", id="folder"),
        pytest.param("out.txt", False, "expected a file name that ends in .mp4, ", id="suffix"),
        pytest.param("out", False, "expected a file name that ends in .mp4, ", id="no suffix"),
        pytest.param("no/out.mp4", False, "does not exist", id="missing folder"),
    ],
)
def test_file_names_are_checked_beforehand(tmp_path, name, overwrite, message):
    (tmp_path / "old.mp4").write_bytes(b"x")
    (tmp_path / "folder.mp4").mkdir()
    if message is None:
        check_recording(tmp_path / name, overwrite=overwrite)
        return
    with pytest.raises(OutputError) as caught:
        check_recording(tmp_path / name, overwrite=overwrite)
    assert message in str(caught.value)


def test_a_folder_that_may_not_be_written_to(monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match="permission denied"):
        check_recording(Path("out.mp4"), overwrite=False)


@pytest.mark.parametrize("name", ["SIGINT", "SIGTERM"])
def test_a_signal_sets_the_event_once_and_the_handlers_come_back(name):
    number = getattr(signal, name)
    before = signal.getsignal(number)
    with stop_on_signals() as stop:
        assert signal.getsignal(number) != before
        signal.raise_signal(number)
        assert stop.is_set()
        assert signal.getsignal(number) == before, "a second one does what it always does"
    assert signal.getsignal(number) == before


@pytest.mark.skipif(not hasattr(signal, "SIGHUP"), reason="this system has no SIGHUP")
@pytest.mark.parametrize(("handler", "kept"), [(signal.SIG_IGN, True), (signal.SIG_DFL, False)], ids=["nohup", "usual"])
def test_what_was_started_to_outlive_its_terminal_does(handler, kept):
    before = signal.signal(signal.SIGHUP, handler)
    try:
        with stop_on_signals():
            assert (signal.getsignal(signal.SIGHUP) == handler) is kept
    finally:
        signal.signal(signal.SIGHUP, before)


def test_other_threads_get_an_event_and_leave_signals_alone():
    seen = []

    def use():
        with stop_on_signals() as stop:
            seen.append((stop.is_set(), signal.getsignal(signal.SIGINT)))

    before = signal.getsignal(signal.SIGINT)
    thread = threading.Thread(target=use)
    thread.start()
    thread.join()
    assert seen == [(False, before)]
