from __future__ import annotations

import errno
import os
import subprocess
import sys
from collections import namedtuple

import pytest
from live_fakes import count_frames, picture

from cnnkit.errors import OutputError
from cnnkit.live.film_files import CODECS, FragmentedFile, PlainFile, open_film_file

_KILLED = """
import os, sys
sys.path.insert(0, {helpers!r})
from pathlib import Path
from live_fakes import picture
from cnnkit.live.film_files import FragmentedFile
film = FragmentedFile(Path({path!r}), 25.0, (64, 48))
for number in range(150):
    film.write(picture(number))
os.kill(os.getpid(), 9)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no such signal")
@pytest.mark.parametrize("suffix", [".mp4", ".mkv", ".avi"])
def test_a_recording_plays_up_to_its_last_second_after_kill_9(tmp_path, suffix):
    pytest.importorskip("av")
    path = tmp_path / f"film{suffix}"
    code = _KILLED.format(path=str(path), helpers=os.path.dirname(sys.modules["live_fakes"].__file__))
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == -9
    assert count_frames(path) >= 150 - 26


@pytest.mark.parametrize("suffix", CODECS)
@pytest.mark.parametrize("kind", [FragmentedFile, PlainFile])
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


def test_without_the_extra_opencv_writes(tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.live.film_files.find_spec", lambda name: None)
    assert isinstance(open_film_file(tmp_path / "film.mp4", 25.0, (64, 48)), PlainFile)
