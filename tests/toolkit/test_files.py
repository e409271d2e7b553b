from __future__ import annotations

import os
from pathlib import Path

import pytest

from cnnkit.errors import OutputError
from cnnkit.files import check_new_file, write_text


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
