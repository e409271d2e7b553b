"""A folder as phones and cameras fill it: every image gets its row, what is none is skipped and counted."""

from __future__ import annotations

import json
import sys

import pytest
from click.testing import CliRunner
from image_files import encode, heic, photo

from cnnkit.cli import main

JPEG = encode(photo(), "JPEG")
FILES = {
    "a.heic": heic(photo()),
    "b.avif": encode(photo(), "AVIF"),
    "c.mpo": JPEG,
    "d.jp2": encode(photo(), "JPEG2000"),
    "e.jpg": heic(photo()),  # as phones name it when it is shared
    "f.tif": encode(photo(), "TIFF", big_tiff=True),
    "g.jxl": b"\xff\x0a" + bytes(50),
    "h.svg": b"<svg></svg>",
    "notes.txt": b"no image",
}


@pytest.fixture
def folder(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, data in FILES.items():
        (tmp_path / "photos" / name).write_bytes(data)
    return tmp_path


def errors(model) -> dict[str, str | None]:
    done = CliRunner().invoke(main, ["predict", "photos", "-m", str(model), "--format", "jsonl"])
    assert "skipped 1 file: no image by its suffix" in done.stderr
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    return {row["source"].removeprefix("photos/"): row["error"] for row in rows}


def test_every_image_gets_a_row(folder, tiny_model):
    found = errors(tiny_model)
    assert list(found) == [name for name in FILES if name != "notes.txt"]
    named = {name: error.split(",")[0] for name, error in found.items() if error is not None}
    assert named == {"g.jxl": "unsupported format: JPEG XL", "h.svg": "unsupported format: SVG"}


def test_without_the_extra_the_rows_of_heic_name_it(folder, tiny_model, monkeypatch):
    monkeypatch.setitem(sys.modules, "pillow_heif", None)
    found = errors(tiny_model)
    assert {name for name, error in found.items() if error and "pip install 'cnnkit[heif]'" in error} == {
        "a.heic",
        "e.jpg",
    }
