"""A folder as phones and cameras fill it: every image gets its row, what is none is skipped and counted."""

from __future__ import annotations

import json
import os
import shutil
import sys

import pytest
from click.testing import CliRunner
from image_files import encode, heic, photo

from cnnkit.cli import main
from cnnkit.sources import list_class_folder

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


UNNAMED = {
    "IMG_0001": JPEG,
    "IMG_0002.1": encode(photo(), "PNG"),
    "IMG_0003": heic(photo()),
    "bitmap": encode(photo(), "BMP"),
    "drawing": b"8BPS" + bytes(40),
    "photo.jpeg~": JPEG,
    "photo.jpg_original": JPEG,
    "scan 12.05.2021": encode(photo(), "TIFF"),
    "turned": encode(photo(), "WEBP"),
}
OTHERS = {
    "BMW": b"BM, as a text may well begin with, and long enough for a header",
    "LICENSE": b"All rights",
    "empty": b"",
    "font": b"\0\1\0\0" + bytes(40),
    "notes.txt": JPEG,
    "paper": b"%PDF-1.7",
    "part.tmp": JPEG,
    "x": b"\xff\xd8, no JPEG",
}


def pack(folder, form):
    if form == "folder":
        return "photos"
    shutil.make_archive("photos", form, folder / "photos")
    return {"zip": "photos.zip", "gztar": "photos.tar.gz"}[form]


@pytest.mark.parametrize("form", ["folder", "zip", "gztar"])
def test_names_that_do_not_tell_are_looked_into(tmp_path, monkeypatch, tiny_model, form):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "photos").mkdir()
    for name, data in (UNNAMED | OTHERS).items():
        (tmp_path / "photos" / name).write_bytes(data)
    source = pack(tmp_path, form)
    done = CliRunner().invoke(main, ["predict", source, "-m", str(tiny_model), "--format", "jsonl"])
    rows = [json.loads(line) for line in done.stdout.splitlines()]
    names = [row.get("member", row["source"]).removeprefix("photos/").removeprefix("./") for row in rows]
    assert sorted(names) == list(UNNAMED)
    assert f"skipped {len(OTHERS)} files: no image by its suffix" in done.stderr
    assert [row["error"] for row in rows if row["error"]] == [rows[names.index("drawing")]["error"]]
    assert rows[names.index("drawing")]["error"].startswith("unsupported format: PSD")


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="has no pipes")
def test_a_pipe_without_suffix_is_not_waited_for(tmp_path, tiny_model):
    for label in ("cat", "dog"):
        (tmp_path / label).mkdir()
        (tmp_path / label / "IMG_0001").write_bytes(JPEG)
        os.mkfifo(tmp_path / label / "pipe")
    assert [path.name for path in list_class_folder(tmp_path).paths] == ["IMG_0001", "IMG_0001"]
    done = CliRunner().invoke(main, ["predict", str(tmp_path), "-m", str(tiny_model), "--format", "jsonl"])
    assert len(done.stdout.splitlines()) == 2
