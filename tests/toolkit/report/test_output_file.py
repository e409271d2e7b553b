from __future__ import annotations

import os
import subprocess
import sys
from contextlib import closing
from pathlib import Path

import pytest

from cnnkit.errors import OutputError
from cnnkit.report.output_file import OutputFile


def test_nothing_is_opened_before_something_is_written(tmp_path):
    path = tmp_path / "rows"
    path.write_text("earlier")
    OutputFile(path, "wb").close()
    assert path.read_text() == "earlier"


@pytest.mark.parametrize(("mode", "expected"), [("wb", b"new"), ("ab", b"earlier new")])
def test_modes(tmp_path, mode, expected):
    path = tmp_path / "rows"
    path.write_bytes(b"earlier ")
    file = OutputFile(path, mode)
    assert not file.is_empty
    file.write(b"new")
    file.flush()
    assert path.read_bytes() == expected
    file.close()


def test_a_new_file_is_new(tmp_path):
    (tmp_path / "rows").touch()
    with pytest.raises(OutputError, match="rows: File exists"):
        OutputFile(tmp_path / "rows", "xb").write(b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="other locks")
@pytest.mark.parametrize("mode", ["wb", "ab"])
def test_two_runs_do_not_write_to_one_file(tmp_path, mode):
    path = tmp_path / "rows"
    first = OutputFile(path, "wb")
    first.write(b"of the first run")
    first.flush()
    code = (
        "from pathlib import Path; from cnnkit.report.output_file import OutputFile; "
        f"OutputFile(Path('rows'), {mode!r}).open()"
    )
    second = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "OutputError: rows is being written by another run: wait for its end, or name another file" in second.stderr
    assert path.read_bytes() == b"of the first run"
    first.close()
    assert subprocess.run([sys.executable, "-c", code], cwd=tmp_path, check=False).returncode == 0


@pytest.mark.skipif(not os.path.exists("/dev/full"), reason="no device that is always full")
def test_a_full_disk_is_one_line():
    with (
        closing(OutputFile(Path("/dev/full"), "wb")) as file,
        pytest.raises(OutputError, match="cannot write /dev/full: No space left on device"),
    ):
        file.write(b"x")


@pytest.mark.skipif(sys.platform == "win32", reason="no limits on processes")
def test_what_a_full_disk_took_of_a_batch_is_cut_off_again(tmp_path):
    """A limit on the size of files stands for the full disk: it, too, takes part of what is written."""
    code = """
import resource, signal
from pathlib import Path
from cnnkit.report.output_file import OutputFile
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (100, 100))
file = OutputFile(Path("rows"), "xb")
for _ in range(9):
    file.write(b"x" * 29 + b"\\n")
"""
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert "OutputError: cannot write rows: File too large" in done.stderr
    assert (tmp_path / "rows").read_bytes() == (b"x" * 29 + b"\n") * 3


def test_a_folder_that_is_missing(tmp_path):
    with pytest.raises(OutputError, match=r"cannot write .*: No such file or directory"):
        OutputFile(tmp_path / "gone" / "rows", "wb").write(b"x")


@pytest.mark.parametrize(
    ("before", "after"),
    [
        (b"", b""),
        (b"whole\n", b"whole\n"),
        (b"whole\nhalf", b"whole\n"),
        (b"half", b""),
        (b"whole\n" + b"x" * 200_000, b"whole\n"),
        (b"x" * 200_000, b""),
    ],
    ids=["empty", "whole", "half", "no line", "long half", "long, no line"],
)
def test_half_a_line_is_cut_off(tmp_path, before, after):
    (tmp_path / "rows").write_bytes(before)
    with closing(OutputFile(tmp_path / "rows", "ab")) as file:
        file.cut_half_line()
        assert (tmp_path / "rows").read_bytes() == after
        file.write(b"next\n")
    assert (tmp_path / "rows").read_bytes() == after + b"next\n"
