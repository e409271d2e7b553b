"""The table of results, from a real run folder and from runs made up."""

from __future__ import annotations

import dataclasses
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.errors import DataError
from cnnkit.train.architectures import choose_architecture
from cnnkit.train.data.cifar10 import CIFAR10_LABELS
from cnnkit.train.recipes.options import make_request
from cnnkit.train.recipes.published import PUBLISHED, published_figure
from cnnkit.train.recipes.recipe import recipe_names
from cnnkit.train.results import main, results_text
from cnnkit.train.runs.finished_runs import FinishedRun, read_run
from cnnkit.train.runs.training import run_training

RUN = FinishedRun(
    name="vgg3_bn",
    architecture="vgg3_bn",
    recipe="vgg3_bn",
    batch_size=64,
    command="cnnkit train photos --arch vgg3_bn --epochs 3 --seed 1 --mixed-precision",
    data="photos",
    labels=CIFAR10_LABELS,
    fingerprint="f1",
    images={"train": 900, "validation": 100, "test": 200},
    seed=1,
    epochs=3,
    trained=3,
    trained_on="tensorflow on CPU, mixed_bfloat16; a CPU",
    parameters=552_874,
    multiply_adds=39_200_000,
    images_per_s=1234.5,
    split="test",
    top1=0.805,
    low=0.745,
    high=0.854,
    measured=200,
)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    out = tmp_path_factory.mktemp("runs") / "digits"
    run_training(make_request("digits", out, {"epochs": 2, "max_images": 100, "size": 8, "architecture": "best"}))
    return out


def test_a_run_folder_is_read_back(folder: Path) -> None:
    run = read_run(folder)
    assert (run.architecture, run.recipe, run.epochs, run.batch_size) == ("best", "best", 2, 16)
    assert run.images == {"train": 100, "validation": 143, "test": 359} and run.measured == 359
    assert run.parameters == 277_994 - 2 * 9 * 32  # grey
    assert run.trained_on.startswith("tensorflow on CPU, float32; ")
    assert 0 <= run.low <= run.top1 <= run.high <= 1 and run.images_per_s > 0


def test_rows_are_sorted_and_carry_figures_and_commands() -> None:
    better = dataclasses.replace(RUN, architecture="best:width=8", recipe="best", top1=0.9, fingerprint="f1")
    lines = results_text([RUN, better]).splitlines()
    rows = [line for line in lines if line.startswith("| ")][1:]
    assert rows == [
        "| best:width=8, recipe best | 552,874 | 39.2 M | 1,234 | 90.00 % | 74.50 to 85.40 |  |",
        "| vgg3_bn | 552,874 | 39.2 M | 1,234 | 80.50 % | 74.50 to 85.40 | 87.49 %, 110 epochs |",
    ]
    assert "$ cnnkit train photos --arch vgg3_bn --epochs 3 --seed 1 --mixed-precision" in lines
    assert lines.count("## photos, 3 epochs") == 1
    assert any("not to be compared" in line for line in lines)


@pytest.mark.parametrize("change", [{"fingerprint": "f2"}, {"epochs": 10}, {"trained_on": "a GPU"}], ids=str)
def test_what_cannot_be_compared_stands_apart(change: dict[str, object]) -> None:
    other = dataclasses.replace(RUN, **change)  # type: ignore[arg-type]
    assert results_text([RUN, other]).count("\n## photos, ") == 2


def test_published_figures_are_of_networks_that_there_are() -> None:
    assert {choose_architecture(text).architecture.name for text in PUBLISHED} <= set(recipe_names())


@pytest.mark.parametrize(
    ("architecture", "recipe", "labels", "figure"),
    [
        pytest.param("vgg3_bn", "vgg3_bn", CIFAR10_LABELS, "87.49 %, 110 epochs", id="as published"),
        pytest.param("resnet8:width=40", "resnet8", CIFAR10_LABELS, "91 % (quality target)", id="wide"),
        pytest.param("resnet8:width=24", "resnet8", CIFAR10_LABELS, "", id="another width"),
        pytest.param("best", "vgg3_bn", CIFAR10_LABELS, "", id="another network"),
        pytest.param("vgg3_bn", "best", CIFAR10_LABELS, "", id="another recipe"),
        pytest.param("vgg3_bn", "vgg3_bn", tuple("0123456789"), "", id="other classes"),
    ],
)
def test_a_published_figure_stands_beside_its_own_training(
    architecture: str, recipe: str, labels: tuple[str, ...], figure: str
) -> None:
    assert published_figure(architecture, recipe, labels) == figure


def test_a_training_that_stopped_early_says_so_among_those_of_as_many_epochs() -> None:
    text = results_text([RUN, dataclasses.replace(RUN, trained=2)])
    assert text.count("\n## photos, 3 epochs") == 1
    assert text.count("| vgg3_bn, stopped after 2 epochs |") == 1


def test_the_command_has_what_differs_from_the_recipe(folder: Path) -> None:
    assert read_run(folder).command == (
        "cnnkit train digits --arch best --epochs 2 --batch-size 16 --learning-rate 0.025 --seed 0 --size 8 "
        "--max-images 100"
    )


@pytest.mark.parametrize(
    ("name", "old", "new", "said"),
    [
        pytest.param("spec.json", "{", "", "no JSON", id="spec"),
        pytest.param(
            "config.json",
            '"best"',
            '"mine.nets:build"',
            "names the Python function mine.nets:build, and no module",
            id="architecture",
        ),
        pytest.param("config.json", '"epochs": 2', '"epochs": 3', "history.csv has 2 of 3 epochs", id="cut history"),
        pytest.param("metrics.json", '"top1": ', '"top1": "high", "was": ', "could not convert", id="no number"),
    ],
)
def test_whatever_is_damaged_costs_one_row(
    folder: Path, tmp_path: Path, name: str, old: str, new: str, said: str
) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for file in ("config.json", "spec.json", "history.csv", "metrics.json"):
        text = (folder / file).read_text()
        assert file != name or old in text
        (damaged / file).write_text(text.replace(old, new, 1) if file == name else text)
    result = CliRunner().invoke(main, [str(damaged), str(folder)])
    assert result.exit_code == 1 and result.stderr.count("\n") == 1
    assert str(damaged) in result.stderr and said in result.stderr
    assert result.stdout.count("| best | 277,") == 1


def test_unfinished_and_damaged_runs_are_named_and_the_others_written(folder: Path, tmp_path: Path) -> None:
    damaged = tmp_path / "damaged"
    damaged.mkdir()
    for name in ("config.json", "spec.json", "history.csv"):
        (damaged / name).write_bytes((folder / name).read_bytes())
    (damaged / "metrics.json").write_text("{")
    table = tmp_path / "table.md"
    result = CliRunner().invoke(main, [str(folder), str(damaged), str(tmp_path / "none"), "-o", str(table)])
    assert result.exit_code == 1
    warnings = result.stderr.splitlines()
    assert "holds a damaged run" in warnings[0] and "train it again with --overwrite" in warnings[0]
    assert "is no finished run" in warnings[1] and "finish it with --resume" in warnings[1]
    assert "| best | 277," in table.read_text()


def test_no_run_at_all_writes_nothing(tmp_path: Path) -> None:
    result = CliRunner().invoke(main, [str(tmp_path), "-o", str(tmp_path / "table.md")])
    assert result.exit_code == 1 and not (tmp_path / "table.md").exists()
    with pytest.raises(DataError):
        read_run(tmp_path)
