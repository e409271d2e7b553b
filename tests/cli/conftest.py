from __future__ import annotations

import pytest


@pytest.fixture
def photos(make_image, tmp_path, monkeypatch):
    """A folder with three images, a broken one and a text; the current folder is the one above."""
    make_image("photos/red.png", "red")
    make_image("photos/Füße 猫/blue.png", "blue")
    make_image("photos/deep/er/green.bmp", "green")
    (tmp_path / "photos" / "broken.png").write_bytes(b"no image")
    (tmp_path / "photos" / "notes.txt").write_text("red")
    monkeypatch.chdir(tmp_path)
    return tmp_path / "photos"
