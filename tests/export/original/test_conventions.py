from __future__ import annotations

import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from small_keras import SIZE

from cnnkit.cli import main
from cnnkit.errors import DataError, SourceError, UsageError
from cnnkit.export import ExportOptions, check_conventions
from cnnkit.export.original import conventions
from cnnkit.export.original.conventions import Tried, judge
from cnnkit.foreign import InputFlags
from cnnkit.spec import InputSpec, ModelSpec, write_spec

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


@pytest.fixture
def messages(caplog):
    """Gives (level, text) of what was logged since it was last asked."""
    caplog.set_level("INFO", logger="cnnkit")

    def take():
        taken = [(record.levelname, record.message) for record in caplog.records]
        caplog.clear()
        return taken

    return take


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
    with pytest.raises(UsageError, match=re.escape(ways[0].flags) + "$"):
        judge(ways)


def test_what_was_said_is_confirmed_or_doubted(network, folders, messages):
    path = network("said.keras", 1 / 127.5, 1.0)
    right = tried(path, folders, scale=1 / 127.5, mean=(1.0,))
    assert [one.name for one in right if one.said] == ["-1 to 1"]
    wrong = tried(path, folders, scale=1 / 127.5, mean=(1.0,), color="bgr")
    odd = tried(path, folders, scale=1 / 100, mean=(1.0,))
    assert [one.name for one in odd if one.said] == ["as said"]
    messages()
    judge(right)
    judge(wrong)
    assert messages() == [
        ("INFO", "nothing answers better than what was said, by more than chance"),
        ("WARNING", "-1 to 1 in rgb answers better than what was said: it should perhaps be "
                    "--scale 1/127.5 --mean 1 --color rgb"),
    ]  # fmt: skip


def way(name, right, *, chance=1 / 3, said=False):
    return Tried(name, "rgb", f"--{name}", np.arange(60) < right, chance, said)


@pytest.mark.parametrize(
    ("right", "chance", "message"),
    [
        pytest.param([20], 1 / 3, "no way does clearly better than chance: check the order of --labels", id="chance"),
        pytest.param([31], 1 / 3, "no way does clearly better than chance", id="near chance"),
        pytest.param([32], 1 / 3, "a in rgb answers best: if that is how it was trained, add --a", id="above chance"),
        pytest.param([30], 1 / 2, "no way does clearly better than chance", id="one answer to all of two classes"),
        pytest.param([60, 30], 1 / 3, "a in rgb answers best: if", id="one alone"),
        pytest.param([60, 59, 30], 1 / 3, "better than b in rgb: add the flags of the one it was trained with, such as "
                     "--a", id="two alike"),
    ],
)  # fmt: skip
def test_what_is_advised(right, chance, message):
    with pytest.raises(UsageError, match=message):
        judge([way(name, count, chance=chance) for name, count in zip("abc", right, strict=False)])


@pytest.mark.parametrize(
    ("best", "said", "level"),
    [(60, 54, "WARNING"), (60, 57, "INFO"), (60, 60, "INFO"), (31, 20, "WARNING")],
)
def test_when_a_warning_is_given(messages, best, said, level):
    judge([way("a", best), way("b", said, said=True)])
    assert [given for given, _ in messages()] == [level]


def test_labels_in_another_order(network, folders):
    ways = tried(network("order.keras", 1.0, 0.0), folders, "dark,red,blue")
    assert {one.name: one.top1 for one in ways if one.color == "rgb"}["0 to 255"] == 0


def test_one_answer_to_everything_is_chance(keras, network, folders, tmp_path):
    model = keras.models.load_model(network("constant.keras", 1.0, 0.0))
    model.layers[-1].set_weights([np.zeros((3, 3)), np.array([0.0, 0.0, 9.0])])
    model.save(tmp_path / "constant.keras")
    for label in ("red", "blue"):  # half of the images are red
        shutil.copytree(folders / label, tmp_path / "two" / label)
    ways = tried(tmp_path / "constant.keras", tmp_path / "two")
    assert {(one.top1, one.chance, one.beats_chance()) for one in ways} == {(0.5, 0.5, False)}


def test_layers_that_scale_leave_the_order_of_colours(keras, network, folders, tmp_path):
    inner = keras.models.load_model(network("inner.keras", 1 / 255, 0.0))
    keras.Sequential([keras.Input((SIZE, SIZE, 3)), keras.layers.Rescaling(1 / 255), inner]).save(tmp_path / "a.keras")
    ways = tried(tmp_path / "a.keras", folders)
    assert [(one.name, one.color, one.said) for one in ways] == [("0 to 255", "rgb", True), ("0 to 255", "bgr", False)]
    twice = tried(tmp_path / "a.keras", folders, scale=1 / 255)
    assert [(one.name, one.said) for one in twice] == [("0 to 255", False), ("0 to 255", False), ("as said", True)]


def test_bytes_leave_the_order_of_colours(keras, network, folders, tmp_path):
    image = keras.Input((SIZE, SIZE, 3), dtype="uint8")
    inner = keras.models.load_model(network("bytes.keras", 1.0, 0.0))
    keras.Model(image, inner(keras.ops.cast(image, "float32"))).save(tmp_path / "a.keras")
    ways = tried(tmp_path / "a.keras", folders)
    assert [(one.name, one.color, one.said) for one in ways] == [("0 to 255", "rgb", True), ("0 to 255", "bgr", False)]


def test_gray_has_no_order_of_colours(keras, folders, tmp_path):
    model = keras.Sequential([
        keras.Input((SIZE, SIZE, 1)), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(3, "softmax"),
    ])  # fmt: skip
    model.layers[-1].set_weights([np.array([[90.0, -90.0, 90.0]]), np.array([-27.0, 27.0, -27.0])])  # dark below 0.3
    model.save(tmp_path / "gray.keras")
    ways = tried(tmp_path / "gray.keras", folders)
    assert sorted(one.name for one in ways) == ["-1 to 1", "0 to 1", "0 to 255"]
    assert ways[0].name == "0 to 1"
    assert {(one.color, one.flags.count("--color")) for one in ways} == {("gray", 0)}


def test_a_run_is_confirmed(keras, network, folders, tmp_path):
    path = network("run.keras", 1 / 255, 0.0)
    taken = InputSpec(SIZE, SIZE, 3, dtype="float32", scale=1 / 255, mean=(0.0,) * 3, std=(1.0,) * 3)
    (tmp_path / "model.keras").write_bytes(path.read_bytes())
    (tmp_path / "spec.json").write_text(write_spec(ModelSpec(tuple(LABELS.split(",")), taken)), encoding="utf-8")
    ways = tried(tmp_path, folders, None)
    assert [str(one) for one in ways if one.said] == ["0 to 1 in rgb"]
    with pytest.raises(UsageError, match=re.escape("leave out --scale")):
        tried(tmp_path, folders, None, scale=1.0)


def test_a_network_of_keras_applications_is_known(folders, tmp_path):
    (tmp_path / "class_7").mkdir()
    shutil.copy(folders / "red" / "0.png", tmp_path / "class_7")
    ways = tried(Path("keras-app:MobileNet:random"), tmp_path, None)
    assert [str(one) for one in ways if one.said] == ["-1 to 1 in rgb"]


def test_images_that_cannot_be_read_are_left_out(network, folders, tmp_path, messages):
    shutil.copytree(folders, tmp_path / "data")
    (tmp_path / "data" / "red" / "0.png").write_bytes(b"no image")
    ways = tried(network("unreadable.keras", 1.0, 0.0), tmp_path / "data")
    assert len(ways[0].right) == 59
    (warning,) = [text for level, text in messages() if level == "WARNING"]
    assert "0.png" in warning


def test_no_more_than_so_many_images_as_many_of_each_class(network, folders, monkeypatch):
    monkeypatch.setattr(conventions, "_MOST", 12)
    path = network("few.keras", 1.0, 0.0)
    ways = tried(path, folders)
    assert len(ways[0].right) == 12
    assert all((one.right == other.right).all() for one, other in zip(ways, tried(path, folders), strict=True))


@pytest.mark.parametrize(
    ("labels", "folder", "error", "message"),
    [
        pytest.param(None, None, UsageError, "add --labels", id="no labels"),
        pytest.param(LABELS + ",green", None, UsageError, "there are 4 labels", id="too many labels"),
        pytest.param("a,b,c", None, DataError, "blue", id="other folders"),
        pytest.param(LABELS, "missing", SourceError, "missing: no such folder", id="no folder"),
        pytest.param(LABELS, "empty", DataError, "empty holds no folders", id="empty folder"),
    ],
)
def test_what_cannot_be_tried(network, folders, tmp_path, labels, folder, error, message):
    (tmp_path / "empty").mkdir()
    with pytest.raises(error, match=message):
        tried(network("bad.keras", 1.0, 0.0), tmp_path / folder if folder else folders, labels)


def export(path, folders, *arguments):
    arguments = ["export", str(path), "--labels", LABELS, "--data", str(folders), *arguments]
    return CliRunner().invoke(main, arguments)


@pytest.mark.parametrize(
    ("scale", "message"),
    [
        pytest.param(
            1.0, "0 to 255 in rgb answers best: if that is how it was trained, add --scale 1 --color rgb", id="one"
        ),
        pytest.param(
            1 / 255, "0 to 1 in rgb answers best, but not by more than chance better than ImageNet (torch) in rgb: add "
            "the flags of the one it was trained with, such as --scale 1/255 --color rgb", id="one of two",
        ),
    ],
)  # fmt: skip
def test_the_command_takes_none_by_itself(network, folders, scale, message):
    path = network(f"command{scale:.0f}.keras", scale, 0.0)
    done = export(path, folders)
    assert done.exit_code == 2
    assert done.stdout.splitlines()[0] == "60 images"
    assert len(done.stdout.splitlines()) == 2 + 8
    assert done.stderr.splitlines()[-1] == f"cnnkit: error: {message}"
    assert not path.with_suffix(".onnx").exists()


@pytest.mark.parametrize("name", PLANTED)
def test_the_flags_that_are_advised_mean_what_was_tried(name, network, folders):
    scale, mean, options = PLANTED[name]
    path = network(f"advised{name}.keras", scale, mean, **options)
    done = export(path, folders, "--golden", "none", *tried(path, folders)[0].flags.split())
    assert done.exit_code == 0
    assert done.stdout.splitlines()[2].startswith(f"{name} (said)")
    assert "nothing answers better than what was said, by more than chance" in done.stderr
    assert path.with_suffix(".onnx").exists()


def test_the_command_does_what_is_said_and_warns(network, folders):
    path = network("doubted.keras", 1 / 255, 0.0)
    done = export(path, folders, "--scale", "1")
    assert done.exit_code == 0
    warning = "cnnkit: warning: 0 to 1 in rgb answers better than what was said: it should perhaps be --scale 1/255"
    assert warning in done.stderr
    assert path.with_suffix(".onnx").exists()
