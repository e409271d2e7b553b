from __future__ import annotations

import csv
import errno
import io
import json
import os
import zipfile

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from live_fakes import write_video
from tiny_models import TINY_SPEC, build_tiny_onnx

from cnnkit.cli import main
from cnnkit.errors import OutputError


@pytest.fixture
def predict(tiny_model, photos):
    def run(*arguments, models=(tiny_model,)):
        names = (part for model in models for part in ("--model", str(model)))
        return CliRunner().invoke(main, ["predict", *names, *map(str, arguments)])

    return run


def files_below(folder):
    found = ((os.path.relpath(root, folder), name) for root, _, names in os.walk(folder) for name in names)
    return sorted(os.path.normpath(os.path.join(*pair)).replace(os.sep, "/") for pair in found)


def rows(result):
    return [json.loads(line) for line in result.stdout.splitlines()]


def test_annotated_images_lie_as_the_images_do(predict, tmp_path):
    assert predict("photos", "--annotate", "drawn").exit_code == 1  # one is broken
    assert files_below(tmp_path / "drawn") == ["Füße 猫/blue.jpg", "deep/er/green.jpg", "red.jpg"]
    red = cv2.imread(str(tmp_path / "drawn" / "red.jpg"))
    assert red.shape[0] == 22 * 20  # enlarged, so that the text can be read
    middle = red[red.shape[0] // 4, red.shape[1] // 2]
    assert middle[2] > 200 and middle[0] < 60
    assert (red[:60] > 240).all(axis=-1).any()  # white letters


def test_annotating_changes_no_row(predict):
    plain = predict("photos", "--format", "jsonl").stdout
    assert predict("photos", "--format", "jsonl", "--annotate", "drawn", "--grid", "sheet.png").stdout == plain


def test_images_are_sorted_into_classes(predict, tmp_path):
    predict("photos", "photos/red.png", "--sort-into", "sorted")
    assert files_below(tmp_path / "sorted") == [
        "blue/Füße 猫/blue.png",
        "green/deep/er/green.bmp",
        "red/red-2.png",
        "red/red.png",
    ]
    assert (tmp_path / "sorted/red/red-2.png").read_bytes() == (tmp_path / "photos/red.png").read_bytes()


def test_links_lead_to_the_images(predict, tmp_path):
    predict("photos", "--sort-into", "sorted", "--link")
    link = tmp_path / "sorted" / "red" / "red.png"
    assert link.is_symlink() and link.samefile(tmp_path / "photos" / "red.png")


def test_members_and_frames_are_sorted_too(predict, tmp_path):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "photos" / "red.png", "../../red.png")
    write_video(tmp_path / "film.avi", [250, 250])
    predict("a.zip", "film.avi", "--sort-into", "sorted", "--link")
    assert files_below(tmp_path / "sorted") == ["red/film-000000.jpg", "red/film-000001.jpg", "red/red.png"]
    assert (tmp_path / "sorted/red/red.png").read_bytes() == (tmp_path / "photos/red.png").read_bytes()


@pytest.mark.parametrize(
    ("labels", "folders"),
    [
        (("../../evil", "..", "a/b\\c"), ("_.._evil", "_", "a_b_c")),
        (("nul", "CON", "red\x1b[31m\n"), ("_nul", "_CON", "red_[31m_")),
        ((".hidden", "x" * 300, "cat\u202egnp"), ("hidden", "x" * 200, "cat_gnp")),
    ],
    ids=["paths", "names", "lengths"],
)
def test_a_label_leads_nowhere_else(predict, tmp_path, labels, folders):
    spec = TINY_SPEC.__class__(labels=labels, input=TINY_SPEC.input)
    (tmp_path / "evil.onnx").write_bytes(build_tiny_onnx(spec))
    result = predict("photos", "--sort-into", "sorted", "--format", "jsonl", models=(tmp_path / "evil.onnx",))
    assert {row["label"] for row in rows(result)} == {*labels, None}  # as the model calls them
    red, green, blue = folders
    expected = [f"{red}/red.png", f"{green}/deep/er/green.bmp", f"{blue}/Füße 猫/blue.png"]
    assert files_below(tmp_path / "sorted") == sorted(expected)


def test_what_is_below_the_least_confidence_is_sorted_as_unknown(predict, tmp_path):
    predict("photos/red.png", "--sort-into", "sorted", "--min-confidence", 0.99)
    assert files_below(tmp_path / "sorted") == ["unknown/red.png"]


def test_a_contact_sheet_shows_each_image_and_says_its_label(predict, tmp_path):
    assert predict("photos", "--grid", "sheet.png").exit_code == 1
    sheet = cv2.imread(str(tmp_path / "sheet.png"))
    assert sheet[0, 0].tolist() == [255, 255, 255]
    for bgr in ([255, 0, 0], [0, 255, 0], [0, 0, 255]):
        assert (np.abs(sheet.astype(int) - bgr).max(axis=-1) < 40).sum() > 5000


def test_a_contact_sheet_holds_so_many(predict, make_image, tmp_path, monkeypatch):
    monkeypatch.setattr("cnnkit.predicting.contact_sheet._MOST", 2)
    result = predict("photos", "--grid", "sheet.png")
    assert "sheet.png shows the first 2 of 3 images" in result.stderr


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--annotate", "photos"], "photos exists already: name another folder"),
        (["--sort-into", "photos/red.png"], "cannot write photos/red.png: it is a file"),
        (["--grid", "sheet.gif"], "cannot write sheet.gif: expected a file name that ends in .png"),
        (["--grid", "photos/red.png"], "photos/red.png exists already"),
        (["--grid", "nowhere/sheet.png"], "the folder nowhere does not exist"),
        (["--format", "parquet"], "--format parquet needs a file"),
    ],
)
def test_outputs_that_cannot_be(predict, arguments, message):
    result = predict("photos", *arguments)
    assert result.exit_code in (1, 2) and result.stdout == ""
    assert message in result.stderr and len(result.stderr.splitlines()) == 1


def test_links_without_a_folder_are_a_mistake(predict):
    result = predict("photos", "--link")
    assert (result.exit_code, result.stderr) == (
        2,
        "cnnkit: error: --link says how --sort-into works: add --sort-into DIR\n",
    )


def test_an_interrupted_run_goes_on_with_its_files(predict, tmp_path):
    arguments = (
        "photos",
        "photos",
        "--format",
        "jsonl",
        "--annotate",
        "drawn",
        "--sort-into",
        "sorted",
        "--batch-size",
        1,
    )
    predict(*arguments, "--output", "whole")
    whole = files_below(tmp_path / "drawn"), files_below(tmp_path / "sorted")
    assert "red-2.jpg" in whole[0]
    lines = (tmp_path / "whole").read_bytes().splitlines(keepends=True)
    for name in ("drawn/red.jpg", "drawn/red-2.jpg", "sorted/red/red-2.png"):
        (tmp_path / name).unlink()
    (tmp_path / "whole").write_bytes(b"".join(lines[:3]))
    predict(*arguments, "--output", "whole", "--resume")
    assert (tmp_path / "whole").read_bytes() == b"".join(lines)
    assert (files_below(tmp_path / "drawn"), files_below(tmp_path / "sorted")) == whole


@pytest.fixture
def two_models(tmp_path, tiny_model):
    spec = TINY_SPEC.__class__(labels=("rot", "grün", "blau"), input=TINY_SPEC.input)
    (tmp_path / "zwei.onnx").write_bytes(build_tiny_onnx(spec))
    return tiny_model, tmp_path / "zwei.onnx"


def test_several_models_answer_side_by_side(predict, two_models):
    result = predict("photos", models=two_models)
    assert result.stdout == (
        "image                     tiny           zwei\n"
        "photos/Füße 猫/blue.png   blue   96.5 %  blau  96.5 %\n"
        "photos/deep/er/green.bmp  green  96.5 %  grün  96.5 %\n"
        "photos/red.png            red    96.5 %  rot   96.5 %\n"
    )
    assert "tiny: blue 1, green 1, red 1\nzwei: blau 1, grün 1, rot 1\n" in result.stderr
    assert result.stderr.count("broken.png") == 1


def test_rows_of_several_models_name_them(predict, two_models):
    found = rows(predict("photos/red.png", "photos/broken.png", "--format", "jsonl", models=two_models))
    assert [(row["source"][7:], row["model"], row["label"]) for row in found] == [
        ("red.png", "tiny", "red"), ("red.png", "zwei", "rot"),
        ("broken.png", "tiny", None), ("broken.png", "zwei", None),
    ]  # fmt: skip
    table = csv.DictReader(io.StringIO(predict("photos/red.png", "--format", "csv", models=two_models).stdout))
    assert [(row["model"], row["label"]) for row in table] == [("tiny", "red"), ("zwei", "rot")]


@pytest.mark.parametrize("style", ["jsonl", "csv"])
def test_several_models_go_on_wherever_the_run_was_cut(predict, two_models, tmp_path, style):
    predict("photos", "--format", style, "--output", "whole", models=two_models)
    expected = (tmp_path / "whole").read_bytes()
    for cut in range(0, len(expected) + 1, 23):
        (tmp_path / "rows").write_bytes(expected[:cut])
        predict("photos", "--format", style, "--output", "rows", "--resume", models=two_models)
        assert (tmp_path / "rows").read_bytes() == expected, cut


def test_drawing_takes_one_model(predict, two_models):
    result = predict("photos", "--grid", "sheet.png", models=two_models)
    assert (result.exit_code, "take the answers of one model" in result.stderr) == (2, True)


def test_models_of_the_same_name_are_called_by_their_paths(predict, two_models, tmp_path):
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "tiny.onnx").write_bytes(two_models[1].read_bytes())
    models = (two_models[0], tmp_path / "other" / "tiny.onnx")
    found = rows(predict("photos/red.png", "--format", "jsonl", models=models))
    assert [row["model"] for row in found] == [str(path) for path in models]


def test_the_mirror_image_has_a_say(predict, make_image, tmp_path):
    half = np.zeros((8, 8, 3), np.uint8)
    half[:, :4] = (0, 0, 255)
    cv2.imwrite(str(tmp_path / "half.png"), half)
    plain, averaged = (rows(predict("half.png", "--format", "jsonl", *flag))[0] for flag in ((), ("--tta",)))
    mirrored = tmp_path / "mirrored.png"
    cv2.imwrite(str(mirrored), half[:, ::-1])
    other = rows(predict("mirrored.png", "--format", "jsonl"))[0]
    mean = {entry["label"]: entry["probability"] / 2 for entry in plain["top"]}
    for entry in other["top"]:
        mean[entry["label"]] += entry["probability"] / 2
    assert {entry["label"]: entry["probability"] for entry in averaged["top"]} == pytest.approx(mean, abs=1e-6)


def test_parquet_holds_the_same_rows(predict, tmp_path):
    parquet = pytest.importorskip("pyarrow.parquet")
    result = predict("photos", "--format", "parquet", "--output", "rows.parquet")
    assert (result.exit_code, result.stdout) == (1, "")
    table = parquet.read_table(tmp_path / "rows.parquet").to_pylist()
    nothing = {"member": None, "frame": None, "seconds": None, "model": None}
    assert table == [nothing | row for row in rows(predict("photos", "--format", "jsonl"))]


def test_columns_of_videos_and_archives(predict, tmp_path):
    write_video(tmp_path / "film.avi", [250, 250, 250], rate_hz=2)
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        archive.write(tmp_path / "photos" / "red.png", "red.png")
    result = predict("film.avi", "a.zip", "--every", 1, "--format", "csv", "--top-k", 1)
    assert [line.split(",")[:5] for line in result.stdout.splitlines()] == [
        ["source", "member", "frame", "seconds", "label"],
        ["film.avi", "", "0", "0.0", "red"],
        ["film.avi", "", "2", "1.0", "red"],
        ["a.zip", "red.png", "", "", "red"],
    ]
    (tmp_path / "list").write_text("a.zip\n")
    assert predict("@list", "--format", "csv", "--top-k", 1).stdout.splitlines()[1].startswith("a.zip/red.png,red,")
    [row] = rows(predict("@list", "--format", "jsonl"))
    assert list(row)[:3] == ["source", "member", "label"]


def name_of(length, suffix=".png"):
    return "x" * (length - len(suffix)) + suffix


@pytest.mark.parametrize("options", [("--annotate", "out"), ("--sort-into", "out"), ("--sort-into", "out", "--link")])
def test_a_name_as_long_as_the_disk_takes(predict, make_image, tmp_path, options):
    make_image("long/" + name_of(255))
    assert predict("long", *options).exit_code == 0
    [name] = [name for _, _, names in os.walk(tmp_path / "out") for name in names]
    assert len(name) == 255


@pytest.mark.parametrize("option", ["--annotate", "--sort-into"])
@pytest.mark.parametrize("batch_size", [1, 8])
def test_a_name_that_is_too_long_for_the_disk_is_said_in_its_row(predict, make_image, tmp_path, option, batch_size):
    with zipfile.ZipFile(tmp_path / "a.zip", "w") as archive:
        for name in ("a.png", name_of(300), "b/" * 3000 + "b.png", "c.png"):
            archive.write(make_image("red.png"), name)
    result = predict("a.zip", option, "out", "--format", "jsonl", "--batch-size", batch_size)
    assert result.exit_code == 1
    assert [row["label"] for row in rows(result)] == ["red"] * 4
    said = "not written into out: File name too long"
    assert [row["warning"] for row in rows(result)] == [None, said, said, None]
    assert "2 of 4 inputs failed" in result.stderr
    assert [name for name in files_below(tmp_path / "out")] == (
        ["a.jpg", "c.jpg"] if option == "--annotate" else ["red/a.png", "red/c.png"]
    )


def test_a_full_disk_ends_the_run(predict, monkeypatch):
    def full(path, data):
        raise OutputError(f"cannot write {path}: No space left on device") from OSError(errno.ENOSPC, "No space")

    monkeypatch.setattr("cnnkit.predicting.annotating.write_bytes", full)
    result = predict("photos", "--annotate", "out")
    assert result.exit_code == 1 and "No space left on device" in result.stderr.splitlines()[-1]
