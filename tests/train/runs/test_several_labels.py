"""From a list with several labels an image to a network of independent labels."""

from __future__ import annotations

import csv
import json

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.spec import read_spec

COLOURS = {"blue": (60, 80, 230), "green": (60, 200, 80), "red": (220, 60, 50)}


@pytest.fixture(scope="module")
def listed(tmp_path_factory):
    """80 images of 16 x 16 with patches of up to three colours, and their list."""
    folder, rng, rows = tmp_path_factory.mktemp("several"), np.random.default_rng(0), []
    for index in range(80):
        names = [name for place, name in enumerate(COLOURS) if index >> place & 1]
        image = rng.normal(110, 12, (16, 16, 3))
        for name in names:
            y, x = rng.integers(0, 9, 2)
            image[y : y + 7, x : x + 7] = COLOURS[name]
        cv2.imwrite(str(folder / f"{index}.png"), np.clip(image, 0, 255).astype(np.uint8)[..., ::-1])
        rows.append([f"{index}.png", *(int(name in names) for name in COLOURS)])
    with (folder / "labels.csv").open("w", newline="") as file:
        csv.writer(file).writerows([["file", *COLOURS], *rows])
    return folder / "labels.csv"


def run(*words, code=0):
    done = CliRunner().invoke(main, [str(word) for word in words])
    assert done.exit_code == code, done.output
    return done


@pytest.fixture(scope="module")
def trained(listed, tmp_path_factory):
    folder = tmp_path_factory.mktemp("run") / "run"
    recipe = ["--epochs", "12", "--batch-size", "8", "--optimizer", "adam", "--learning-rate", "0.01"]
    done = run("train", listed, "--arch", "conv2", "--size", "16", *recipe, "--label-smoothing", "0", "--out", folder)
    return folder, done


def test_what_is_trained(trained):
    folder, done = trained
    spec = read_spec((folder / "spec.json").read_text())
    metrics = json.loads((folder / "metrics.json").read_text())
    assert (spec.output, spec.labels, len(spec.golden) >= 4) == ("independent", tuple(COLOURS), True)
    assert metrics["mean_average_precision"] > 0.8
    assert spec.provenance.metrics["mean_average_precision"] == metrics["mean_average_precision"]
    assert "3 independent labels" in done.stderr
    assert "images with every label right" in done.output and "mean average precision" in done.output


def test_evaluated(trained, listed, tmp_path):
    folder, _ = trained
    done = run("evaluate", folder, listed, "--split", "test", "--out", tmp_path / "evaluation")
    metrics = json.loads((tmp_path / "evaluation" / "metrics.json").read_text())
    known = json.loads((folder / "metrics.json").read_text())
    assert {key: metrics[key] for key in ("images", "top1", "macro_f1")} == pytest.approx(
        {key: known[key] for key in ("images", "top1", "macro_f1")}
    )
    assert "mean average precision" in done.stdout and "average precision" in done.stdout.splitlines()[0]
    heading, *rows = csv.reader((tmp_path / "evaluation" / "predictions.csv").read_text().splitlines())
    assert heading == ["source", "true", "predicted", *COLOURS, "error"]
    assert len(rows) == metrics["images"]
    given = run("evaluate", folder, listed, "--out", tmp_path / "json", "--format", "json").stdout
    assert set(json.loads(given)["per_class"]) == set(COLOURS)


def test_exported_with_the_runs_labels(trained, tmp_path):
    folder, _ = trained
    run("export", folder, "-o", tmp_path / "net.onnx", "--limits", "0.4")
    facts = json.loads(run("info", tmp_path / "net.onnx", "--format", "json").stdout)["spec"]
    assert (facts["output"], facts["limits"]) == ("independent", [0.4] * 3)
    run("verify", tmp_path / "net.onnx", "--original", folder)


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (
            ["train", "--arch", "conv2", "--size", "16", "--class-weights"],
            "leave out --class-weights, which is for one",
        ),
        (["crossval", "--arch", "conv2", "--size", "16"], "and crossval takes one: use cnnkit train"),
    ],
    ids=["class weights", "crossval"],
)
def test_what_takes_one_label(listed, tmp_path, words, message):
    done = CliRunner().invoke(main, [words[0], str(listed), *words[1:], "--epochs", "1", "--out", str(tmp_path / "x")])
    assert (done.exit_code != 0, message in done.stderr) == (True, True), done.output


def test_the_head_of_a_transfer():
    from cnnkit.train.transfer.head import fit_independent_head

    rng = np.random.default_rng(0)
    features = rng.normal(size=(200, 6)).astype(np.float32)
    wanted = np.stack([features[:, 0] > 0, features[:, 1] + features[:, 2] > 0, np.ones(200), np.zeros(200)], axis=1)
    head = fit_independent_head(features, [features * 1.01], wanted.astype(np.float32))
    assert ((head.logits(features) > 0) == wanted).mean(axis=0).min() > 0.95
