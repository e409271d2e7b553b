"""Pictures of datasets and of their augmentation: what stands where."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.spec import InputSpec
from cnnkit.train.data.dataset import Dataset, Split, SplitOptions
from cnnkit.train.data.loading import load_dataset
from cnnkit.train.pictures import data as data_pictures, previews
from cnnkit.train.pictures.data import choose_samples, draw_class_counts, draw_samples
from cnnkit.train.pictures.image_grids import Cell, draw_cells, label_lines
from cnnkit.train.pictures.previews import augmented_versions
from cnnkit.train.recipes.recipe import Recipe

LABELS = ("猫", "a label that is long enough for two lines", "$x$")


def flat_dataset(counts: tuple[int, ...]) -> Dataset:
    """Images of one grey level each, ten times the index of their class."""
    targets = np.repeat(np.arange(len(counts)), counts)
    images = np.broadcast_to((10 * targets + 5).astype(np.uint8)[:, None, None, None], (len(targets), 6, 6, 3))
    split = Split.of(np.ascontiguousarray(images), targets)
    return Dataset("flat", LABELS[: len(counts)], split, split.take(np.arange(0, len(targets), 4)), None)


@pytest.mark.parametrize(
    ("counts", "count", "most", "each"),
    [
        pytest.param((9, 9, 9), 80, 8, [8, 8, 8], id="a row a class"),
        pytest.param((9, 2, 9), 80, 8, [8, 2, 8], id="a class with few"),
        pytest.param((4,) * 50, 80, 8, [1] * 50, id="many classes"),
        pytest.param((1,) * 9, 3, 8, [1, 0, 0, 0, 1, 0, 0, 0, 1], id="more classes than room"),
    ],
)
def test_samples_are_drawn_from_every_class_alike(
    counts: tuple[int, ...], count: int, most: int, each: list[int]
) -> None:
    targets = np.random.default_rng(1).permutation(np.repeat(np.arange(len(counts)), counts))
    split = Split.of(np.zeros((len(targets), 2, 2, 1), np.uint8), targets)
    chosen, again, other = (choose_samples(split, count, most, seed) for seed in (0, 0, 1))
    assert np.bincount(targets[chosen], minlength=len(counts)).tolist() == each
    assert targets[chosen].tolist() == sorted(targets[chosen])
    assert len(set(chosen)) == len(chosen)
    assert np.array_equal(chosen, again)
    assert len(set(counts)) == len(counts) == 1 or max(counts) == 1 or not np.array_equal(chosen, other)


def test_a_label_takes_two_lines_at_most_and_is_drawn_as_it_stands() -> None:
    assert label_lines("cat") == ("cat",)
    assert label_lines("species number 01 of the genus") == ("species number 01 of", "the genus")
    assert label_lines("x" * 60) == ("x" * 22, "x" * 21 + "…")
    assert label_lines("a\n$b$") == (r"a\n\$b\$",)


def test_every_cell_of_a_grid_is_drawn_in_its_place(tmp_path: Path) -> None:
    colours = [(250, 0, 0), (0, 250, 0), (0, 0, 250), (250, 250, 0), (0, 250, 250)]
    cells = [Cell(np.full((4, 4, 3), colour, np.uint8), ("one", "two")) for colour in colours]
    draw_cells(cells, 3, "rgb", "title", tmp_path / "grid.png")
    picture = cv2.imread(str(tmp_path / "grid.png"))[..., ::-1]
    middles = []
    for colour in colours:
        rows, columns = np.nonzero((np.abs(picture.astype(int) - colour) < 3).all(axis=-1))
        middles.append((round(rows.mean()), round(columns.mean())))
        assert (np.ptp(rows), np.ptp(columns)) == pytest.approx((179, 179), abs=2)  # 1.5 inches of 120 pixels
    assert middles[0][0] == middles[1][0] == middles[2][0] < middles[3][0] == middles[4][0]
    assert middles[0][1] == middles[3][1] < middles[1][1] == middles[4][1] < middles[2][1]


@pytest.mark.parametrize(("color", "channel"), [("rgb", 0), ("bgr", 2)])
def test_a_grid_knows_the_order_of_the_channels(tmp_path: Path, color: Any, channel: int) -> None:
    red = np.zeros((4, 4, 3), np.uint8)
    red[..., channel] = 255
    draw_cells([Cell(red)], 1, color, "red", tmp_path / "grid.png")
    picture = cv2.imread(str(tmp_path / "grid.png"))[..., ::-1]
    assert (picture == (255, 0, 0)).all(axis=-1).sum() > 30_000


def test_samples_stand_under_their_own_labels(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    drawn: list[Any] = []
    monkeypatch.setattr(data_pictures, "draw_cells", lambda *arguments: drawn.append(arguments))
    draw_samples(flat_dataset((10, 12, 9)), "rgb", 0, tmp_path / "samples.png")
    cells, columns, _, title, _ = drawn[0]
    assert (len(cells), columns, title) == (24, 8, "flat: 24 of 31 training images")
    assert [cell.lines for cell in cells] == [label_lines(LABELS[cell.image[0, 0, 0] // 10]) for cell in cells]


def test_the_chart_counts_every_class_in_every_split(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    figures: list[Any] = []

    @contextmanager
    def keep_figure(path: Path, width: float, height: float) -> Iterator[Any]:
        from cnnkit.train.pictures.pictures import open_picture

        with open_picture(path, width, height) as figure:
            yield figure
            figures.append(figure)

    monkeypatch.setattr(data_pictures, "open_picture", keep_figure)
    draw_class_counts(flat_dataset((8, 4, 1000)), tmp_path / "classes.png")
    axes = figures[0].axes[0]
    assert [text.get_text() for text in axes.texts] == ["8 + 2", "4 + 1", "1,000 + 250"]
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        LABELS[0],
        LABELS[1][:19] + "…" + LABELS[1][-19:],
        r"\$x\$",
    ]
    assert axes.get_title() == "flat: 1,265 images, 3 classes"
    assert cv2.imread(str(tmp_path / "classes.png")).shape[1] == 1020


def test_the_chart_of_very_many_classes_is_of_a_size_that_can_be_looked_at(tmp_path: Path) -> None:
    targets = np.arange(2000) % 1000
    split = Split.of(np.zeros((2000, 1, 1, 1), np.uint8), targets)
    draw_class_counts(Dataset("many", tuple(map(str, range(1000))), split, split, split), tmp_path / "classes.png")
    assert cv2.imread(str(tmp_path / "classes.png")).shape[:2] == (1356, 1020)


def test_augmented_pixels_and_shares_agree() -> None:
    images = np.repeat(np.array([0, 100, 200], np.uint8), 16 * 3).reshape(3, 4, 4, 3)
    versions = augmented_versions(images, np.arange(3), 3, Recipe(mixup=1.0), 0)
    assert len(versions) == 7
    for changed, shares in versions:
        np.testing.assert_allclose(shares.sum(axis=1), 1, atol=1e-5)
        np.testing.assert_allclose(changed[:, 0, 0, 0], shares @ np.array([0, 100, 200]), atol=0.51)
    assert any(0.1 < shares.max() < 0.9 for _, shares in versions)


def test_the_preview_shows_what_the_training_sees() -> None:
    from cnnkit.train.architectures import NetworkShape, build_network
    from cnnkit.train.devices import Devices
    from cnnkit.train.fitting.optimizers import Steps
    from cnnkit.train.fitting.trainer import Trainer

    recipe = Recipe(flip=True, rotate=20, zoom=0.2, brightness=0.3, cutmix=1.0)
    dataset = load_dataset("digits", InputSpec(16, 16, 1, "gray"), SplitOptions())
    images, targets = dataset.train.read(np.arange(6)), dataset.train.targets[:6]
    shown, shares = augmented_versions(images, targets, 10, recipe, 5)[0]
    network = build_network("conv2", NetworkShape(16, 16, 1, 10, 0, 255.0))
    trained = Trainer(network, recipe, Devices("tensorflow", (), None, False), Steps(1, 1), 5).model
    import keras

    mixer = next(layer for layer in trained.layers if type(layer).__name__ == "CutMix")
    seen = keras.Model(trained.inputs, mixer.output)
    batch = {"image": images, "target": np.eye(10, dtype=np.float32)[targets]}
    pixels, labels = seen(batch, training=True)
    np.testing.assert_allclose(np.clip(np.rint(pixels), 0, 255), shown, atol=1)
    np.testing.assert_allclose(labels, shares, atol=1e-6)


def test_the_command_draws_previews_and_trains_nothing(colour_folder: Path, tmp_path: Path) -> None:
    out, augmented, samples = tmp_path / "run", tmp_path / "augmented.png", tmp_path / "samples.png"
    wanted = ["--preview-augmentation", str(augmented), "--sample-grid", str(samples), "--out", str(out)]
    arguments = ["train", str(colour_folder), "--arch", "conv2", "--size", "16", "--flip", "--mixup", "0.4", *wanted]
    result = CliRunner().invoke(main, arguments, catch_exceptions=False)
    assert (result.exit_code, result.stdout) == (0, f"{augmented}\n{samples}\n")
    assert not out.exists()
    assert cv2.imread(str(augmented)).shape[1] == cv2.imread(str(samples)).shape[1] == 1591
    again = CliRunner().invoke(main, arguments)
    assert (
        again.exit_code == 1 and "augmented.png exists already: name another file, or pass --overwrite" in again.stderr
    )
    assert CliRunner().invoke(main, [*arguments, "--overwrite"]).exit_code == 0


def test_rows_of_the_preview_begin_with_their_original(
    colour_folder: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    from cnnkit.train.recipes.options import make_request

    drawn: list[Any] = []
    monkeypatch.setattr(previews, "draw_cells", lambda *arguments: drawn.append(arguments))
    request = make_request(str(colour_folder), tmp_path / "run", {"size": 16, "architecture": "conv2"})
    request = dataclasses.replace(request, recipe=dataclasses.replace(request.recipe, flip=True, translate=0.0))
    previews.draw_previews(request, tmp_path / "augmented.png", None)
    cells, columns, _, title, _ = drawn[0]
    assert (columns, len(cells) % 8, title) == (8, 0, "recipe conv2: flip")
    for row in range(0, len(cells), 8):
        original = cells[row].image
        assert cells[row].lines[0].startswith("original: ")
        for cell in cells[row + 1 : row + 8]:
            assert cell.lines == ()
            assert np.array_equal(cell.image, original) or np.array_equal(cell.image, original[:, ::-1])
