from __future__ import annotations

from pathlib import Path

import pytest

from cnnkit.errors import UsageError
from cnnkit.train.recipes.options import make_request
from cnnkit.train.tuning.space import Choices, Range, load_space, space_names


def space_of(tmp_path: Path, text: str) -> Path:
    path = tmp_path / "mine.toml"
    path.write_text(text)
    return path


def test_lists_tables_and_fixed_values(tmp_path: Path) -> None:
    path = space_of(
        tmp_path,
        'architecture = ["conv2", "resnet8:width=8"]\nbatch_size = { low = 16, high = 64, step = 16 }\n'
        "learning_rate = { low = 1e-4, high = 1, log = true }\nmixup = [0, 0.2]\nepochs = 3\nflip = true\n",
    )
    space = load_space(str(path))
    assert space.varied == (
        Choices("architecture", ("conv2", "resnet8:width=8")),
        Range("batch_size", 16, 64, step=16),
        Range("learning_rate", 1e-4, 1.0, log=True),
        Choices("mixup", (0.0, 0.2)),
    )
    assert space.fixed == {"epochs": 3, "flip": True}
    assert [entry.whole for entry in space.varied if isinstance(entry, Range)] == [True, False]


@pytest.mark.parametrize("name", space_names())
def test_spaces_that_ship_can_be_read_and_applied(name: str) -> None:
    space = load_space(name)
    request = make_request("digits", None, space.with_fixed({}))
    for entry in space.varied:
        for value in entry.values if isinstance(entry, Choices) else (entry.low, entry.high):
            applied = space.apply(request, {entry.name: value})
            found = applied.architecture if entry.name == "architecture" else getattr(applied.recipe, entry.name)
            assert found == value


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("epochs = ", "is no TOML", id="no TOML"),
        pytest.param("epochs = 3", "nothing varies, expected a list of values", id="nothing varies"),
        pytest.param("epochs = []", "epochs is an empty list", id="empty"),
        pytest.param("epochs = [3, 3]", "epochs holds a value twice", id="twice"),
        pytest.param("epoch = [3]", "unknown field 'epoch', expected architecture or one of epochs, batch", id="typo"),
        pytest.param('name = ["a"]', "unknown field 'name'", id="the name of a recipe"),
        pytest.param('epochs = ["3"]', "epochs is '3', expected int", id="type"),
        pytest.param("mixup = [-1]", "mixup is -1, expected 0 to 10", id="out of range"),
        pytest.param('architecture = ["resnet9"]', "no architecture 'resnet9'", id="architecture"),
        pytest.param(
            'architecture = ["nets:build", "conv2"]',
            "names the Python function nets:build, .* say --arch nets",
            id="module",
        ),
        pytest.param("architecture = [3]", "architecture is 3, expected a name", id="no name"),
        pytest.param("epochs = { low = 3 }", "epochs holds low, expected low, high and perhaps log, step", id="no end"),
        pytest.param("epochs = { low = 3, high = 4, by = 1 }", "epochs holds low, high, by", id="unknown key"),
        pytest.param("epochs = { low = 4, high = 4 }", "low = 4, high = 4, expected the low end below", id="no room"),
        pytest.param("mixup = { low = 0, high = 1, log = true }", "expected true or false, and true above 0", id="log"),
        pytest.param("epochs = { low = 1, high = 4, step = 0 }", "has the step 0, expected a number above", id="step"),
        pytest.param('optimizer = { low = "adam", high = "sgd" }', "optimizer is no number", id="no number"),
    ],
)
def test_spaces_that_are_none(tmp_path: Path, text: str, message: str) -> None:
    with pytest.raises(UsageError, match=message):
        load_space(str(space_of(tmp_path, text)))


def test_an_unknown_space_names_those_that_there_are() -> None:
    with pytest.raises(UsageError, match="no space 'none': expected a TOML file or one of batch_size, bn2, vgg_grid"):
        load_space("none")


def test_flags_win_over_fixed_values_and_not_over_what_varies(tmp_path: Path) -> None:
    space = load_space(str(space_of(tmp_path, "epochs = 3\nbatch_size = [32, 64]")))
    assert space.with_fixed({"epochs": 5, "seed": None}) == {"epochs": 5}
    with pytest.raises(UsageError, match="--batch-size is given and batch_size varies"):
        space.with_fixed({"batch_size": 8})


@pytest.mark.parametrize(
    ("entry", "values"),
    [
        pytest.param(Range("batch_size", 16, 64, step=16), (16, 32, 48, 64), id="whole"),
        pytest.param(Range("mixup", 0.0, 0.3, step=0.1), (0.0, 0.1, 0.2, 0.3), id="the high end in spite of rounding"),
        pytest.param(Range("mixup", 0.0, 0.25, step=0.1), (0.0, 0.1, 0.2), id="no step meets the high end"),
    ],
)
def test_steps(entry: Range, values: tuple[float, ...]) -> None:
    assert entry.steps() == values
