"""The temporary folder of a command's own: what is in it goes with the process, however that ends."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from cnnkit.system import temporary
from cnnkit.system.temporary import own_temporary_folder

# Writes into the folder, says that it has, and waits; a process of its own writes there, too.
PROCESS = """\
import subprocess, sys, tempfile, time
from cnnkit.system.ending import ended_by_signals
from cnnkit.system.temporary import own_temporary_folder
with ended_by_signals(), own_temporary_folder():
    tempfile.mkdtemp()
    subprocess.run([sys.executable, "-c", "import tempfile; tempfile.mkstemp()"], check=True)
    print(tempfile.gettempdir(), flush=True)
    time.sleep(60)
"""


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The temporary folder of this process and of those it starts."""
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr(tempfile, "tempdir", None)
    return tmp_path


@contextmanager
def started() -> Iterator[tuple[subprocess.Popen[str], Path]]:
    """Gives the process and its folder."""
    with subprocess.Popen([sys.executable, "-c", PROCESS], stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process, Path(process.stdout.readline().strip())
        process.kill()


def grow_old(folder: Path) -> None:
    before = time.time() - 2 * temporary._YOUNG_S
    os.utime(folder, (before, before))


def test_files_are_written_there_and_removed(folder: Path) -> None:
    with own_temporary_folder():
        handle, name = tempfile.mkstemp()
        os.close(handle)
        assert Path(name).parent.parent == folder
        assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(Path(name).parent)
    assert list(folder.iterdir()) == []
    assert os.environ["TMPDIR"] == tempfile.gettempdir() == str(folder)


def test_nothing_is_set_where_nothing_was(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("TMPDIR")
    monkeypatch.setattr(tempfile, "tempdir", str(folder))
    with own_temporary_folder():
        assert Path(os.environ["TMPDIR"]).parent == folder
    assert "TMPDIR" not in os.environ and tempfile.tempdir == str(folder)


def test_an_error_removes_it(folder: Path) -> None:
    with pytest.raises(KeyboardInterrupt), own_temporary_folder():
        tempfile.mkdtemp()
        raise KeyboardInterrupt
    assert list(folder.iterdir()) == []


def test_without_room_all_is_as_before(folder: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(**_: object) -> str:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(tempfile, "mkdtemp", full)
    with own_temporary_folder():
        assert tempfile.gettempdir() == str(folder)


@pytest.mark.skipif(sys.platform == "win32", reason="no signals")
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP], ids=lambda number: number.name)
def test_a_signal_removes_it(folder: Path, number: signal.Signals) -> None:
    with started() as (process, own):
        assert own.parent == folder and len(list(own.iterdir())) == 3  # a lock, a folder, a file
        process.send_signal(number)
        assert process.wait(20) == -number
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_the_next_command_removes_what_a_killed_one_left(folder: Path) -> None:
    with started() as (killed, abandoned), started() as (living, used):
        killed.kill()
        killed.wait(20)
        for each in (abandoned, used):
            grow_old(each)
        with own_temporary_folder():
            assert not abandoned.exists()
            assert len(list(used.iterdir())) == 3
        living.terminate()
        living.wait(20)
    assert list(folder.iterdir()) == []


@pytest.mark.skipif(sys.platform == "win32", reason="no locks")
def test_what_is_not_abandoned_stays(folder: Path) -> None:
    for name in (f"{temporary._PREFIX}young", "cnnkit-other", "tmpabc"):
        (folder / name).mkdir()
    (folder / f"{temporary._PREFIX}link").symlink_to(folder / "tmpabc")
    (folder / f"{temporary._PREFIX}file").write_text("", encoding="utf-8")
    for name in ("cnnkit-other", "tmpabc", f"{temporary._PREFIX}file"):
        grow_old(folder / name)
    before = sorted(folder.iterdir())
    with own_temporary_folder():
        pass
    assert sorted(folder.iterdir()) == before
