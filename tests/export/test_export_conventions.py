from __future__ import annotations

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from small_keras import SIZE

from cnnkit.cli import main
from cnnkit.errors import CnnkitError, DataError, UsageError
from cnnkit.export import ExportOptions, InputFlags, check_conventions
from cnnkit.export.conventions import Tried, judge

LABELS = "blue,dark,red"


@pytest.fixture(scope="module")
def folders(tmp_path_factory):
    """Class folders of reddish, bluish and dark images."""
    root, rng = tmp_path_factory.mktemp("hues"), np.random.default_rng(4)
    for label, bgr in {"red": (90, 100, 160), "blue": (160, 100, 90), "dark": (60, 60, 60)}.items():
        (root / label).mkdir()
        for index in range(20):
            image = np.clip(rng.normal(bgr, 12, (20, 20, 3)), 0, 255).astype(np.uint8)
            cv2.imwrite(str(root / label / f"{index}.png"), image)
    return root


@pytest.fixture(scope="module")
def network(keras, tmp_path_factory):
    """Saves a network that is right where it sees x = (pixel * scale - mean) / std with red first, or last."""
    folder = tmp_path_factory.mktemp("networks")

    def save(name, scale, mean, *, red=0, std=1.0):
        mean, std = np.broadcast_to(np.float64(mean), 3), np.broadcast_to(np.float64(std), 3)
        # Of the pixel values back from x: red minus blue, blue minus red, and how dark it is.
        weights = np.zeros((3, 3))
        weights[:, 0], weights[:, 2] = (-1, 0, 1), (1, 0, -1)
        weights[:, 1] = -0.6
        if red == 2:
            weights = weights[::-1]
        kernel = weights * (std / scale)[:, None]
        bias = (mean / scale) @ weights + np.array([0, 150, 0])
        model = keras.Sequential([
            keras.Input((SIZE, SIZE, 3)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax"),
        ])  # fmt: skip
        model.layers[-1].set_weights([kernel / 20, bias / 20])
        model.save(folder / name)
        return folder / name

    return save


def tried(path, folders, labels=LABELS, **flags):
    options = ExportOptions(path, path.with_suffix(".onnx"), labels=labels, input=InputFlags(**flags), data=folders)
    return check_conventions(options)


PLANTED = {
    "0 to 255": (1.0, 0.0, {}),
    "0 to 1": (1 / 255, 0.0, {}),
    "-1 to 1": (1 / 127.5, 1.0, {}),
    "ImageNet (torch)": (1 / 255, (0.485, 0.456, 0.406), {"std": (0.229, 0.224, 0.225)}),
    "ImageNet (caffe)": (1.0, (103.939, 116.779, 123.68), {"red": 2}),
}


@pytest.mark.parametrize("name", PLANTED)
def test_the_way_it_was_made_for_answers_best(name, network, folders):
    scale, mean, options = PLANTED[name]
    ways = tried(network(f"{len(name)}{name[:1]}.keras", scale, mean, **options), folders)
    assert ways[0].name == name
    assert ways[0].top1 > 0.95
    assert ways[0].color == ("bgr" if name.endswith("(caffe)") else "rgb")
    assert len(ways) == 8
    assert len(ways[0].right) == 60
    assert judge(ways) == (
        f"{name} in {ways[0].color} answers best: if that is how it was trained, add {ways[0].flags}"
    )


def test_what_was_said_is_confirmed_or_doubted(network, folders):
    path = network("said.keras", 1 / 127.5, 1.0)
    right = tried(path, folders, scale=1 / 127.5, mean=(1.0,))
    assert [one.name for one in right if one.said] == ["-1 to 1"]
    assert judge(right) == "nothing answers better than what was said, by more than chance"
    wrong = tried(path, folders, scale=1 / 127.5, mean=(1.0,), color="bgr")
    assert judge(wrong).startswith("what was said answers worse than -1 to 1 in rgb: it should perhaps be --scale 1/12")
    odd = tried(path, folders, scale=1 / 100, mean=(1.0,))
    assert [one.name for one in odd if one.said] == ["as said"]


@pytest.mark.parametrize(("right", "better"), [(20, False), (27, False), (28, True), (60, True)])
def test_answers_no_better_than_chance(right, better):
    one = Tried("0 to 1", "rgb", "--scale 1/255", np.arange(60) < right, classes=3)
    assert judge([one]).startswith("no way does better than chance: check the order of --labels") is not better


def test_labels_in_another_order(network, folders):
    ways = tried(network("order.keras", 1.0, 0.0), folders, "dark,red,blue")
    assert {one.name: one.top1 for one in ways if one.color == "rgb"}["0 to 255"] == 0


def test_layers_that_scale_leave_the_order_of_colours(keras, network, folders, tmp_path):
    inner = keras.models.load_model(network("inner.keras", 1 / 255, 0.0))
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 255), inner]).save(tmp_path / "a.keras")
    ways = tried(tmp_path / "a.keras", folders)
    assert [(one.name, one.color, one.said) for one in ways] == [("0 to 255", "rgb", True), ("0 to 255", "bgr", False)]


@pytest.mark.parametrize(
    ("labels", "folder", "error", "message"),
    [
        pytest.param(None, None, UsageError, "add --labels", id="no labels"),
        pytest.param("a,b,c", None, DataError, "blue", id="other folders"),
        pytest.param(LABELS, "missing", CnnkitError, "missing", id="no folder"),
        pytest.param(LABELS, "empty", CnnkitError, "empty", id="empty folder"),
    ],
)
def test_what_cannot_be_tried(network, folders, tmp_path, labels, folder, error, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=message):
        tried(network("bad.keras", 1.0, 0.0), tmp_path / folder if folder else folders, labels)


def test_the_command_takes_none_by_itself(network, folders):
    path = network("command.keras", 1 / 255, 0.0)
    done = CliRunner().invoke(main, ["export", str(path), "--labels", LABELS, "--data", str(folders)])
    assert done.exit_code != 0
    assert "60 images" in done.stdout
    assert "0 to 1 in rgb answers best: if that is how it was trained, add --scale 1/255 --color rgb" in done.stdout
    assert "say --scale" in done.stderr
    assert not path.with_suffix(".onnx").exists()
    arguments = ["export", str(path), "--labels", LABELS, "--data", str(folders), "--scale", "1/255"]
    done = CliRunner().invoke(main, arguments)
    assert done.exit_code == 0
    assert "0 to 1 (said)" in done.stdout
    assert path.with_suffix(".onnx").exists()
