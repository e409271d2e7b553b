"""Networks of the user's own, named package.module:function."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from cnnkit.errors import UsageError
from cnnkit.train.architectures import NetworkShape, add_option, build_network, choose_architecture
from cnnkit.train.recipes.options import make_request

SHAPE = NetworkShape(12, 16, 3, 4, offset=121, spread=64.0)
MODULE = """
import keras
from keras import layers


def good(shape):
    image = keras.Input((shape.height, shape.width, shape.channels))
    x = layers.Rescaling(1 / shape.spread, offset=-shape.offset / shape.spread)(image)
    x = layers.GlobalAveragePooling2D()(layers.Conv2D(8, 3, activation="relu")(x))
    return keras.Model(image, layers.Dense(shape.classes, activation="softmax")(x))


def sequential(shape):
    size = (shape.height, shape.width, shape.channels)
    return keras.Sequential([keras.Input(size), layers.Flatten(), layers.Dense(shape.classes, activation="softmax")])


def nothing(shape):
    return None


def unbuilt(shape):
    return keras.Sequential([layers.Flatten(), layers.Dense(shape.classes, activation="softmax")])


def logits(shape):
    size = (shape.height, shape.width, shape.channels)
    return keras.Sequential([keras.Input(size), layers.Flatten(), layers.Dense(shape.classes)])


def thousand(shape):
    image = keras.Input((shape.height, shape.width, shape.channels))
    return keras.Model(image, layers.Dense(1000, activation="softmax")(layers.Flatten()(image)))


def turned(shape):
    return good(type(shape)(shape.width, shape.height, *list(vars(shape).values())[2:]))


def two(shape):
    image = keras.Input((shape.height, shape.width, shape.channels))
    x = layers.Dense(shape.classes, activation="softmax")(layers.Flatten()(image))
    return keras.Model(image, [x, x])


def deep(shape):
    image = keras.Input((shape.height, shape.width, shape.channels))
    return keras.Model(image, layers.Conv2D(8, 99)(image))


def anonymous(shape):
    image = keras.Input((shape.height, shape.width, shape.channels))
    x = layers.Lambda(lambda pixel: pixel / 255)(image)
    return keras.Model(image, layers.Dense(shape.classes, activation="softmax")(layers.Flatten()(x)))


class Own(keras.Model):
    def call(self, image):
        return image


def subclass(shape):
    return Own()


value = 3
"""


@pytest.fixture(autouse=True)
def _module(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A module in a package in the current folder, forgotten again after the test."""
    package = tmp_path / "own_nets"
    package.mkdir()
    (package / "small.py").write_text(MODULE)
    (package / "broken.py").write_text("import a_module_that_is_not_there\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", sys.path.copy())
    for name in [name for name in sys.modules if name.startswith("own_nets")]:
        monkeypatch.delitem(sys.modules, name)


@pytest.mark.parametrize("function", ["good", "sequential"])
def test_a_function_of_the_users_own_builds_the_network(function: str) -> None:
    network = build_network(f"own_nets.small:{function}", SHAPE)
    assert (network.input_shape, network.output_shape) == ((None, 12, 16, 3), (None, 4))


def test_it_is_trained_with_the_default_recipe_in_a_folder_that_has_an_allowed_name() -> None:
    request = make_request("digits", None, {"architecture": "own_nets.small:good", "epochs": 3})
    assert (request.architecture, request.recipe.name, request.recipe.epochs) == ("own_nets.small:good", "custom", 3)
    assert (request.out, request.input_spec().height) == (Path("runs/own_nets.small-good-digits"), 32)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("own_nets.tall:good", "cannot import own_nets.tall (No module named", id="module"),
        pytest.param("own_nets.broken:good", "(No module named 'a_module_that_is_not_there')", id="its imports"),
        pytest.param("own_nets.small:best", "own_nets.small has no function 'best'", id="function"),
        pytest.param("own_nets.small:value", "own_nets.small has no function 'value'", id="no function"),
        pytest.param("own_nets.small:nothing", "gives NoneType, expected a keras.Model", id="None"),
        pytest.param("own_nets.small:subclass", "gives Own, a subclass of keras.Model", id="subclass"),
        pytest.param("own_nets.small:unbuilt", "takes inputs of shape not known yet", id="Sequential without Input"),
        pytest.param("own_nets.small:turned", "inputs of shape (None, 16, 12, 3), expected one of (None, 12, 16, 3)",
                     id="height and width exchanged"),
        pytest.param("own_nets.small:thousand", "gives outputs of shape (None, 1000), expected one of (None, 4)",
                     id="classes"),
        pytest.param("own_nets.small:two", "gives outputs of shape (None, 4) and (None, 4)", id="two outputs"),
        pytest.param("own_nets.small:logits", "expected probabilities: end it with a softmax", id="logits"),
        pytest.param("own_nets.small:anonymous", "cannot be saved and loaded", id="Lambda"),
        pytest.param("own_nets.small:deep", "own_nets.small:deep cannot be built for 12 x 16 pixels", id="too small"),
        pytest.param("own nets:good", "no architecture 'own nets', expected package.module:", id="no module name"),
        pytest.param("own_nets.small:", "no architecture 'own_nets.small', expected", id="no function name"),
    ],
)  # fmt: skip
def test_what_cannot_be_trained_is_refused(text: str, message: str) -> None:
    with pytest.raises(UsageError) as error:
        build_network(text, SHAPE)
    assert message in str(error.value)


def test_options_are_for_the_registry_alone() -> None:
    with pytest.raises(UsageError, match=r"own_nets.small:good takes no --weights: the function itself decides"):
        add_option("own_nets.small:good", "weights", "none")
    assert choose_architecture("own_nets.small:good").text == "own_nets.small:good"
