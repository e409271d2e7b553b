"""Files that are read as images: what is no file, what cannot be read, and names in any script."""

from __future__ import annotations

import os
import re
import socket
from pathlib import Path

import pytest
from image_files import encode, photo

from cnnkit.errors import ImageError
from cnnkit.images import read_image

CAT = photo()
PNG = encode(CAT, "PNG")
JPEG = encode(CAT, "JPEG")
EXPECTED = "expected JPEG, PNG, WebP, AVIF, HEIC, TIFF, BMP, GIF or JPEG 2000"


def file_reason(path: str | Path) -> str:
    with pytest.raises(ImageError) as caught:
        read_image(path)
    assert caught.value.source == str(path)
    return caught.value.reason


def test_files_that_are_not_there_or_no_files(tmp_path: Path) -> None:
    assert file_reason(tmp_path / "none.jpg") == "no such file"
    assert file_reason(str(tmp_path / "none.jpg")) == "no such file"
    assert file_reason(tmp_path) == "is a folder, expected an image file"
    assert file_reason(tmp_path / ("x" * 300)) == "cannot be read: File name too long"
    # Python 3.13 says it in other words.
    assert re.fullmatch(r"cannot be read: (stat: )?embedded null (byte|character in path)", file_reason("a\0b.jpg"))
    (tmp_path / "link.jpg").symlink_to(tmp_path / "gone.jpg")
    assert file_reason(tmp_path / "link.jpg") == "no such file"
    (tmp_path / "file.jpg").write_bytes(b"")
    assert file_reason(tmp_path / "file.jpg") == "empty file"
    assert file_reason(tmp_path / "file.jpg" / "inner.jpg") == "cannot be read: Not a directory"


def test_pipes_sockets_and_devices_are_refused_without_waiting(tmp_path: Path) -> None:
    special = "is a device, pipe or socket, expected an image file"
    os.mkfifo(tmp_path / "pipe.jpg")
    assert file_reason(tmp_path / "pipe.jpg") == special
    assert file_reason("/dev/zero") == special
    with socket.socket(socket.AF_UNIX) as listener:
        listener.bind(str(tmp_path / "s"))
        assert file_reason(tmp_path / "s") == special


def test_a_file_without_permission(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "locked.png"
    path.write_bytes(PNG)
    path.chmod(0)
    if os.access(path, os.R_OK):  # root may read everything: the system's answer is imitated

        def refuse(*_: object, **__: object) -> None:
            raise PermissionError(13, "Permission denied")

        monkeypatch.setattr("os.open", refuse)
    assert file_reason(path) == "permission denied"


def test_a_file_too_large_to_be_an_image_is_not_read(tmp_path: Path) -> None:
    path = tmp_path / "sparse.png"
    with path.open("wb") as file:
        file.write(PNG)
        file.truncate(2**30 + 1)
    assert file_reason(path) == "file of 1,073,741,825 bytes, more than the 1,073,741,824 that are read"


@pytest.mark.parametrize("name", ["foto übung", "写真 🐈", "кошка", "e\u0301te\u0301", "tab\there"])
def test_names_in_any_script_can_be_read(tmp_path: Path, name: str) -> None:
    folder = tmp_path / name
    folder.mkdir()
    path = folder / f"{name}.png"
    path.write_bytes(PNG)
    assert (read_image(path).pixels == CAT).all()
    assert (read_image(str(path)).pixels == CAT).all()


def test_a_name_that_is_no_unicode_can_be_read(tmp_path: Path) -> None:
    path = os.fsdecode(os.fsencode(tmp_path) + b"/\xff\xfe.png")
    try:
        Path(path).write_bytes(PNG)
    except OSError:
        pytest.skip("the file system takes no such names")
    assert (read_image(path).pixels == CAT).all()


def test_the_suffix_does_not_matter(tmp_path: Path) -> None:
    path = tmp_path / "really-a-png.jpg"
    path.write_bytes(PNG)
    assert (read_image(path).pixels == CAT).all()
