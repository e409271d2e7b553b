from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnkit.errors import OutputError
from cnnkit.system.files import check_new_file, check_new_folder, write_text


@pytest.fixture
def folder(tmp_path):
    """A folder that holds one file, old.json."""
    (tmp_path / "old.json").write_text("old")
    return tmp_path


@pytest.mark.parametrize("overwrite", [False, True], ids=["keep", "overwrite"])
@pytest.mark.parametrize(
    ("name", "message"),
    [
        pytest.param("none/report.json", "the folder {path.parent} does not exist", id="no folder"),
        pytest.param("old.json/report.json", "the folder {path.parent} does not exist", id="below a file"),
        pytest.param(".", "it is a folder, expected the name of a file", id="a folder"),
    ],
)
def test_output_is_checked_beforehand(folder, name, message, overwrite):
    path = folder / name
    with pytest.raises(OutputError) as caught:
        check_new_file(path, overwrite=overwrite)
    assert str(caught.value) == f"cannot write {path}: {message.format(path=path)}"


def test_an_existing_file_is_refused_unless_told(folder):
    path = folder / "old.json"
    with pytest.raises(OutputError) as caught:
        check_new_file(path, overwrite=False)
    assert str(caught.value) == f"{path} exists already: name another file, or pass --overwrite to replace it"
    check_new_file(path, overwrite=True)
    assert path.read_text() == "old"


@pytest.mark.parametrize("overwrite", [False, True], ids=["keep", "overwrite"])
def test_a_new_name_is_let_through_and_nothing_made(folder, monkeypatch, overwrite):
    monkeypatch.chdir(folder)
    check_new_file(folder / "new.json", overwrite=overwrite)
    check_new_file(Path("new.json"), overwrite=overwrite)
    assert os.listdir(folder) == ["old.json"]


@pytest.mark.parametrize("overwrite", [False, True], ids=["keep", "overwrite"])
def test_a_device_is_let_through(overwrite):
    check_new_file(Path(os.devnull), overwrite=overwrite)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="there are no named pipes here")
def test_a_pipe_is_let_through(folder):
    os.mkfifo(folder / "pipe")
    check_new_file(folder / "pipe", overwrite=False)


def test_a_folder_that_may_not_be_written_to(folder, monkeypatch):
    """Root may write everywhere, so the refusal is simulated."""
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match=r"cannot write .*new\.json: permission denied"):
        check_new_file(folder / "new.json", overwrite=False)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs named pipes")
def test_a_pipe_is_written_into_and_stays_a_pipe(tmp_path: Path) -> None:
    pipe = tmp_path / "pipe"
    os.mkfifo(pipe)
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    try:
        write_text(pipe, "through")
        assert os.read(reader, 100) == b"through"
    finally:
        os.close(reader)
    assert pipe.is_fifo()
    assert list(tmp_path.iterdir()) == [pipe]


@pytest.mark.parametrize(
    ("name", "overwrite", "message"),
    [
        pytest.param("made", False, "made exists already: name another folder, or pass --overwrite", id="a folder"),
        pytest.param("old.json", True, "old.json: it is a file, expected the name of a folder", id="a file"),
        pytest.param("old.json/new", True, "new: old.json is a file, expected a folder", id="below a file"),
    ],
)
def test_what_cannot_become_a_new_folder(folder, name, overwrite, message):
    (folder / "made").mkdir()
    with pytest.raises(OutputError) as caught:
        check_new_folder(folder / name, overwrite=overwrite)
    assert message in str(caught.value)


@pytest.mark.parametrize("name", ["new", "deep/er/new"])
def test_a_new_folder_is_let_through_and_not_made(folder, name):
    check_new_folder(folder / name, overwrite=False)
    check_new_folder(folder, overwrite=True)
    assert os.listdir(folder) == ["old.json"]


def test_a_folder_where_nothing_may_be_made(folder, monkeypatch):
    monkeypatch.setattr(os, "access", lambda path, mode: False)
    with pytest.raises(OutputError, match=r"cannot write .*new: permission denied"):
        check_new_folder(folder / "new", overwrite=False)
