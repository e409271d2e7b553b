from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from image_files import damaged_jpeg, encode, photo

from cnnkit.cli import main

NAMES = ["a.png", "b b.png", 'quote"d.png', "line\nend.png", "broken.png", "ü 猫.png", "z.png"]


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """A folder of images with names that are hard to write, one of them no image."""
    (tmp_path / "in").mkdir()
    for index, name in enumerate(NAMES):
        image = np.full((8, 8, 3), 40 * index % 256, np.uint8)
        content = b"no image" if name == "broken.png" else cv2.imencode(".png", image)[1].tobytes()
        (tmp_path / "in" / name).write_bytes(content)
    (tmp_path / "in" / "notes.txt").write_text("skipped")
    monkeypatch.chdir(tmp_path)
    return tmp_path


@pytest.fixture
def predict(tiny_model):
    def run(*arguments):
        return CliRunner().invoke(main, ["predict", "--model", str(tiny_model), "--batch-size", "2", *arguments])

    return run


@pytest.mark.parametrize("style", ["jsonl", "csv"])
def test_wherever_it_was_cut_the_file_becomes_whole(folder, predict, style):
    whole = predict("in", "--format", style, "--output", "whole")
    assert whole.exit_code == 1  # one is no image
    expected = (folder / "whole").read_bytes()
    for cut in range(0, len(expected) + 1, 7):
        (folder / "rows").write_bytes(expected[:cut])
        done = predict("in", "--format", style, "--output", "rows", "--resume")
        assert (folder / "rows").read_bytes() == expected, cut
        assert done.exit_code == 1


def test_a_first_run_may_say_resume(folder, predict):
    predict("in", "--format", "csv", "--output", "rows", "--resume")
    assert (folder / "rows").read_text().startswith("source,label,confidence,")


def test_what_is_there_is_said(folder, predict):
    predict("in", "--format", "jsonl", "--output", "rows")
    rows = (folder / "rows").read_bytes().splitlines(keepends=True)
    (folder / "rows").write_bytes(b"".join(rows[:3]) + rows[3][:5])
    done = predict("in", "--format", "jsonl", "--output", "rows", "--resume")
    assert "rows: half a row at its end is written again" in done.stderr
    assert "rows: 3 rows are there already" in done.stderr


@pytest.mark.parametrize(
    ("content", "style", "message"),
    [
        (
            '{"source": "other.png", "error": null}\n',
            "jsonl",
            "row 1 of rows is of 'other.png', and input 1 is 'in/a.png': resume with",
        ),
        ("hello\n", "jsonl", "rows is no jsonl file of cnnkit predict (row 1): name another file"),
        ('{"source": "in/a.png"}\n', "jsonl", "rows is no jsonl file of cnnkit predict (row 1): name another file"),
        ('{"label": 3}\n', "jsonl", "rows is no jsonl file of cnnkit predict (row 1): name another file"),
        ("hello", "jsonl", "rows is no jsonl file of cnnkit predict (row 1): name another file"),
        ("notes of mine", "csv", "rows has other columns than this run would write: name another file"),
        ("source,label\n", "csv", "rows has other columns than this run would write: name another file"),
    ],
)
def test_files_of_other_runs_stay(folder, predict, content, style, message):
    (folder / "rows").write_text(content)
    done = predict("in", "--format", style, "--output", "rows", "--resume")
    assert done.exit_code == 1
    assert message in done.stderr
    assert (folder / "rows").read_text() == content


def test_a_whole_row_of_another_run_keeps_the_half_one_behind_it(folder, predict):
    content = '{"source": "other.png", "error": null}\n{"source": "oth'
    (folder / "rows").write_text(content)
    assert predict("in", "--format", "jsonl", "--output", "rows", "--resume").exit_code == 1
    assert (folder / "rows").read_text() == content


def test_resume_and_overwrite_contradict_each_other(folder, predict):
    done = predict("in", "--format", "jsonl", "--output", "rows", "--resume", "--overwrite")
    assert done.exit_code == 2
    assert "--resume keeps what --overwrite replaces: leave one of them out" in done.stderr


def test_more_rows_than_inputs(folder, predict):
    predict("in", "--format", "jsonl", "--output", "rows")
    (folder / "in" / "ü 猫.png").unlink()  # the last one
    done = predict("in", "--format", "jsonl", "--output", "rows", "--resume")
    assert "and there is no such input: resume with the same inputs" in done.stderr


CUT = encode(photo(), "PNG")[:-800]


@pytest.mark.parametrize("style", ["jsonl", "csv"])
@pytest.mark.parametrize("hurt", [CUT, damaged_jpeg()], ids=["cut", "damaged"])
@pytest.mark.parametrize(
    ("first", "then", "message"),
    [
        ("report", "report", None),
        ("use", "use", None),
        (
            "report",
            "use",
            "row 2 of rows leaves a damaged image out: resume without --damaged use, or name another file",
        ),
        ("use", "report", "row 2 of rows answers a damaged image: resume with --damaged use, or name another file"),
    ],
)
def test_damaged_images_are_taken_as_before(folder, predict, style, hurt, first, then, message):
    (folder / "in" / "ab.png").write_bytes(hurt)
    predict("in", "--format", style, "--output", "rows", "--damaged", first)
    lines = (folder / "rows").read_bytes().splitlines(keepends=True)
    begun = b"".join(lines[:-1])
    (folder / "rows").write_bytes(begun)
    done = predict("in", "--format", style, "--output", "rows", "--damaged", then, "--resume")
    assert done.exit_code == 1  # one is no image
    if message is not None:
        assert message in done.stderr
        assert (folder / "rows").read_bytes() == begun
        return
    assert (folder / "rows").read_bytes() == b"".join(lines)
    assert f"{1 if then == 'use' else 2} of 8 inputs failed" in done.stderr
    assert ("1 of 8 inputs has a warning" in done.stderr) == (then == "use")


def test_images_of_which_nothing_is_left_are_the_same_either_way(folder, predict):
    (folder / "in" / "ab.png").write_bytes(CUT[:60])
    predict("in", "--format", "jsonl", "--output", "rows", "--damaged", "use")
    done = predict("in", "--format", "jsonl", "--output", "rows", "--damaged", "use", "--resume")
    assert "rows: 8 rows are there already" in done.stderr


@pytest.mark.parametrize(
    "arguments", [[], ["--output", "rows"], ["--format", "jsonl"], ["--format", "json", "-o", "rows"]]
)
def test_only_rows_in_a_file_can_be_resumed(folder, predict, arguments):
    done = predict("in", "--resume", *arguments)
    assert done.exit_code == 2
    assert "--resume goes on with a file: add --output FILE, and --format jsonl or csv" in done.stderr


@pytest.mark.skipif(sys.platform == "win32", reason="kills by a signal")
def test_killed_and_resumed_loses_and_doubles_nothing(folder, tiny_model):
    names = [f"in/{NAMES[index % len(NAMES)]}" for index in range(4000) if "\n" not in NAMES[index % len(NAMES)]]
    (folder / "names.txt").write_text("\n".join(names))
    command = [sys.executable, "-m", "cnnkit", "predict", "-", "--model", str(tiny_model), "--format", "jsonl"]
    killed = 0
    for _ in range(3):
        with (folder / "names.txt").open("rb") as stdin:
            process = subprocess.Popen([*command, "-o", "rows", "--resume"], stdin=stdin, stderr=subprocess.DEVNULL)
            before = (folder / "rows").stat().st_size if (folder / "rows").exists() else 0
            while process.poll() is None:
                if (folder / "rows").exists() and (folder / "rows").stat().st_size > before + 20_000:
                    os.kill(process.pid, signal.SIGKILL)
                    killed += 1
                    break
                time.sleep(0.001)
            process.wait()
    with (folder / "names.txt").open("rb") as stdin:
        subprocess.run([*command, "-o", "rows", "--resume"], stdin=stdin, stderr=subprocess.DEVNULL, check=False)
    assert killed >= 1
    assert [json.loads(line)["source"] for line in (folder / "rows").read_bytes().splitlines()] == names
