from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import namedtuple
from pathlib import Path

import cv2
import pytest
from live_fakes import count_frames, picture

from cnnkit.errors import OutputError
from cnnkit.live.film_files import CODECS, FragmentedFile, PlainFile, open_film_file
from cnnkit.live.matroska import JpegFile
from cnnkit.live.recording import check_recording

_KILLED = """
import os, sys
sys.path.insert(0, {helpers!r})
from pathlib import Path
from live_fakes import picture
from cnnkit.live.film_files import FragmentedFile
from cnnkit.live.matroska import JpegFile
film = {kind}(Path({path!r}), 25.0, (64, 48))
for number in range(150):
    film.write(picture(number))
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize(
    ("kind", "suffix", "missing"),
    [
        ("FragmentedFile", ".mp4", 26),
        ("FragmentedFile", ".mkv", 26),
        ("FragmentedFile", ".avi", 26),
        ("JpegFile", ".mkv", 0),
    ],
)
def test_a_recording_plays_up_to_its_last_second_after_kill_9(tmp_path, kind, suffix, missing):
    if kind == "FragmentedFile":
        pytest.importorskip("av")
    path = tmp_path / f"film{suffix}"
    code = _KILLED.format(kind=kind, path=str(path), helpers=os.path.dirname(sys.modules["live_fakes"].__file__))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert count_frames(path) >= 150 - missing


@pytest.mark.parametrize(
    ("kind", "suffix"),
    [*((kind, suffix) for kind in (FragmentedFile, PlainFile) for suffix in CODECS), (JpegFile, ".mkv")],
)
def test_a_file_holds_the_frames_that_were_written(tmp_path, suffix, kind):
    if kind is FragmentedFile:
        pytest.importorskip("av")
    film = kind(tmp_path / f"film{suffix}", 29.97, (64, 48))
    for number in range(40):
        film.write(picture(number))
    film.close()
    assert count_frames(tmp_path / f"film{suffix}") == 40


def test_a_full_disk_is_said_at_once(tmp_path, monkeypatch):
    av = pytest.importorskip("av")
    film = FragmentedFile(tmp_path / "film.mp4", 25.0, (64, 48))

    class Full:
        def mux(self, packets):
            raise av.error.OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

        close = film._container.close

    film._container = Full()
    with pytest.raises(OutputError, match=r"film\.mp4 cannot be written: No space left on device"):
        film.write(picture(1))


def test_a_disk_that_is_nearly_full_is_said_before_opencv_loses_frames(tmp_path, monkeypatch):
    monkeypatch.setattr("shutil.disk_usage", lambda folder: namedtuple("Usage", "free")(10**6))
    with pytest.raises(OutputError, match="ends: the disk is full"):
        PlainFile(tmp_path / "film.mp4", 25.0, (64, 48)).write(picture(1))


def test_what_cannot_be_read_back_is_an_error(tmp_path):
    film = PlainFile(tmp_path / "film.mp4", 25.0, (64, 48))
    film.write(picture(1))
    release = film._writer.release

    class Cut:
        def release(self):
            release()
            os.truncate(tmp_path / "film.mp4", 100)

    film._writer = Cut()
    with pytest.raises(OutputError, match="cannot be played: is the disk full"):
        film.close()


def test_without_the_extra_opencv_writes(tmp_path, monkeypatch, caplog):
    monkeypatch.setattr("cnnkit.live.film_files.find_spec", lambda name: None)
    for name, kind in (("film.mp4", PlainFile), ("film.MKV", JpegFile)):
        film = open_film_file(tmp_path / name, 25.0, (64, 48))
        film.write(picture(1))
        film.close()
        assert isinstance(film, kind)
    for name in ("a.mkv", "a.mp4"):
        check_recording(tmp_path / name, overwrite=False)
    assert caplog.messages == [
        f"{tmp_path}/a.mp4 cannot be played, or lacks its last seconds, where a power cut ends the process: record to "
        "a .mkv file, or pip install 'cnnkit[video]'"
    ]


def test_pictures_in_a_matroska_file_have_their_times_and_their_colours(tmp_path):
    path = tmp_path / "film.mkv"
    film = JpegFile(path, 12.5, (64, 48))
    for number in (40, 120, 200):
        film.write(picture(number))
    film.close()
    capture = cv2.VideoCapture(str(path))
    seen = []
    while (shot := capture.read())[0]:
        seen.append((round(capture.get(cv2.CAP_PROP_POS_MSEC)), round(float(shot[1][..., 2].mean()))))
    assert [at_ms for at_ms, _ in seen] == [0, 80, 160]
    assert [red for _, red in seen] == pytest.approx([40, 120, 200], abs=3)
    assert capture.get(cv2.CAP_PROP_FPS) == pytest.approx(12.5, abs=0.01)
    with pytest.raises(OutputError, match="cannot be written: Is a directory"):
        JpegFile(tmp_path, 25.0, (64, 48))


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="Linux alone has a disk that is always full")
def test_a_full_disk_is_said_at_once_without_the_extra(tmp_path):
    with pytest.raises(OutputError, match="/dev/full cannot be written: No space left on device"):
        JpegFile(Path("/dev/full"), 25.0, (64, 48))
