from __future__ import annotations

from dataclasses import replace

import cv2
import numpy as np
import pytest
from skimage import data as photos
from small_keras import SIZE, body

from cnnkit.errors import DataError, ModelError, ParityError, SourceError
from cnnkit.export import ExportOptions, export_model
from cnnkit.export.graph.graphs import load_graph, save_with_spec
from cnnkit.export.verification import ladder, pictures
from cnnkit.export.verification.ladder import climb, require_parity
from cnnkit.export.verification.reference import decode_with_pillow, resize_in_numpy
from cnnkit.foreign import InputFlags
from cnnkit.images.preprocess import resize_image
from cnnkit.runtime.onnx import OnnxClassifier, read_spec_of
from cnnkit.spec import InputSpec, Quantization

LABELS = "ant,bee,cat"


@pytest.fixture(scope="module")
def original(networks, keras):
    return networks("plain.keras", *body(keras))


@pytest.fixture(scope="module")
def exported(original, tmp_path_factory):
    """A file of a model that takes pixels from 0 to 1."""
    path = tmp_path_factory.mktemp("exported") / "plain.onnx"
    export_model(ExportOptions(original, path, labels=LABELS, input=InputFlags(scale=1 / 255)))
    return path


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """Parts of photographs, one of them lying on its side by its EXIF orientation."""
    folder = tmp_path_factory.mktemp("photos")
    astronaut, coffee = photos.astronaut(), photos.coffee()
    for index in range(6):
        part = (astronaut if index % 2 else coffee)[40 * index : 40 * index + 150, 30 * index : 30 * index + 200]
        (folder / f"{index}.jpg").write_bytes(cv2.imencode(".jpg", part[..., ::-1])[1].tobytes())
    from PIL import Image

    image = Image.fromarray(coffee[:150, :200])
    exif = image.getexif()
    exif[0x0112] = 6
    image.save(folder / "turned.jpg", exif=exif)
    return folder


def stages_of(path, source, data=None):
    return {stage.name: stage for stage in climb(OnnxClassifier(path), source, data)}


def first_failed(stages) -> str:
    with pytest.raises(ParityError) as caught:
        require_parity(tuple(stages.values()))
    return str(caught.value)


def test_every_stage_passes(exported, original, folder):
    stages = stages_of(exported, original, folder)
    assert list(stages) == ["golden", "decoding", "resizing", "normalisation", "Keras", "float32"]
    assert all(stage.passed and stage.top1_agreement == 1 and not stage.cause for stage in stages.values())
    assert stages["decoding"].images == stages["float32"].images == 7
    assert stages["decoding"].max_pixel_difference <= 4
    assert stages["resizing"].max_pixel_difference <= 2
    require_parity(tuple(stages.values()))


def test_without_a_folder_the_golden_images_and_others_are_taken(exported, original):
    stages = stages_of(exported, original)
    assert list(stages) == ["golden", "normalisation", "Keras", "float32"]
    assert stages["float32"].images > 64


def test_without_an_original_the_stages_before_the_model_are_compared(exported, folder):
    assert list(stages_of(exported, None, folder)) == ["golden", "decoding", "resizing"]


def test_a_list_names_the_images(exported, folder, tmp_path):
    for name in ("1.jpg", "turned.jpg"):
        (tmp_path / name).write_bytes((folder / name).read_bytes())
    (tmp_path / "list.csv").write_text("file,label\n1.jpg,anything\nturned.jpg,anything\n")
    assert stages_of(exported, None, tmp_path / "list.csv")["decoding"].images == 2
    (tmp_path / "list.csv").write_text("file,label\n/1.jpg,anything\n")
    with pytest.raises(DataError, match=r"list.csv, line 2: '/1.jpg' leads out of the list's folder"):
        climb(OnnxClassifier(exported), None, tmp_path / "list.csv")


def rewritten(exported, tmp_path, **changes):
    """The file with another spec of its input."""
    spec = read_spec_of(exported)
    path = tmp_path / "changed.onnx"
    save_with_spec(load_graph(exported), replace(spec, **changes), path)
    return path


@pytest.mark.parametrize("golden", [True, False], ids=["golden images tell so as well", "no golden images"])
def test_channels_that_are_reversed(exported, original, folder, tmp_path, golden):
    taken = read_spec_of(exported).input
    changes = {} if golden else {"golden": ()}
    path = rewritten(exported, tmp_path, input=replace(taken, color="bgr"), **changes)
    stages = stages_of(path, original, folder)
    assert not golden or not stages["golden"].passed
    message = first_failed(stages)
    assert message.startswith("the answers part at the stage 'resizing': ")
    assert "the channels are reversed: one side takes RGB and the other BGR" in message


def test_another_way_to_resize(exported, original, folder, tmp_path):
    taken = read_spec_of(exported).input
    path = rewritten(exported, tmp_path, input=replace(taken, resize="crop"))
    message = first_failed(stages_of(path, original, folder))
    assert "at the stage 'resizing'" in message
    assert "resized as crop with area interpolation, where the original takes squash with area" in message


def test_resizing_that_aliases(exported, original, folder, monkeypatch):
    def aliasing(pixels, spec):
        return resize_image(pixels, replace(spec, interpolation="linear"))

    monkeypatch.setattr(pictures, "resize_image", aliasing)
    message = first_failed(stages_of(exported, original, folder))
    assert "at the stage 'resizing'" in message
    assert "squash with linear interpolation, which aliases where images shrink" in message


@pytest.mark.parametrize(
    ("flags", "cause"),
    [
        pytest.param({"scale": 1 / 255**2}, "pixels are scaled to 0..1 twice", id="twice"),
        pytest.param({"scale": 1.0}, "pixels are not scaled to 0..1", id="not at all"),
        pytest.param({"scale": 2 / 255, "mean": (1.0,)}, "one side scales to -1..1 where the other", id="-1..1"),
    ],
)
def test_scaling(original, exported, folder, tmp_path, flags, cause):
    path = tmp_path / "wrong.onnx"
    export_model(ExportOptions(original, path, labels=LABELS, input=InputFlags(**flags), golden="none"))
    spec = read_spec_of(path)
    right = read_spec_of(exported).provenance
    save_with_spec(load_graph(path), replace(spec, provenance=right), path)
    message = first_failed(stages_of(path, original, folder))
    assert "at the stage 'normalisation'" in message
    assert cause in message


def test_a_decoder_that_forgets_the_orientation(exported, original, folder, monkeypatch):
    from cnnkit.images.decode import DecodedImage

    def lying(path):
        return DecodedImage(cv2.imread(str(path), cv2.IMREAD_COLOR_RGB | cv2.IMREAD_IGNORE_ORIENTATION))

    monkeypatch.setattr(pictures, "read_image", lying)
    message = first_failed(stages_of(exported, original, folder))
    assert "at the stage 'decoding': turned.jpg: the image is turned: its EXIF orientation is not applied" in message


def test_a_decoder_that_gives_bgr(exported, original, folder, monkeypatch):
    from cnnkit.images.decode import DecodedImage

    monkeypatch.setattr(pictures, "read_image", lambda path: DecodedImage(cv2.imread(str(path))))
    message = first_failed(stages_of(exported, original, folder))
    assert "the channels are reversed: BGR was taken for RGB" in message


def test_another_keras_file(exported, networks, keras):
    other = networks("other.keras", *body(keras), keras.layers.Dense(3, activation="softmax"))
    stages = stages_of(exported, other)
    assert stages["golden"].passed
    assert not stages["Keras"].passed
    assert stages["Keras"].cause == "it was made from another Keras file (SHA-256 differs)"


def test_integers_that_saturate_are_told_by_the_option_that_prevents_it(exported, original, tmp_path, monkeypatch):
    path = rewritten(exported, tmp_path, quantization=Quantization("QDQ", 8, "0" * 64, "a CPU"), golden=())
    real = OnnxClassifier.probabilities
    stages = stages_of(path, original)
    assert stages["int8"].passed

    def saturating(self, images):
        answers = real(self, images)
        precise = getattr(self, "told", False)
        return answers if self.path != path or precise else np.roll(answers, 1, axis=1)

    def opened(*args, precise_x64=False, **kwargs):
        model = OnnxClassifier(*args, precise_x64=precise_x64, **kwargs)
        model.told = precise_x64
        return model

    monkeypatch.setattr(OnnxClassifier, "probabilities", saturating)
    monkeypatch.setattr(ladder, "OnnxClassifier", opened)
    last = stages_of(path, original)["int8"]
    assert not last.passed
    assert last.cause.startswith("8-bit products saturate on this CPU, which lacks VNNI")


@pytest.mark.parametrize(
    ("agreement", "images", "changes", "passed"),
    [
        pytest.param(0.97, 250, 14, True, id="as many as 99 % of such files change"),
        pytest.param(0.97, 250, 15, False, id="one more"),
        pytest.param(0.999, 250, 10, True, id="one in 25 at least"),
        pytest.param(0.999, 250, 11, False, id="more than one in 25"),
        pytest.param(0.97, 20, 3, True, id="of a few images"),
        pytest.param(0.97, 20, 4, False, id="too many of a few"),
    ],
)
def test_labels_that_integers_may_change(exported, tmp_path, agreement, images, changes, passed):
    record = Quantization("QDQ", 8, "0" * 64, "a CPU", evaluation={"agreement": agreement, "images": 1000.0})
    file = OnnxClassifier(rewritten(exported, tmp_path, quantization=record, golden=()))
    pixels = np.zeros((images, file.spec.input.height, file.spec.input.width, 3), np.uint8)
    fresh = file.probabilities(pixels)
    answers = fresh.copy()
    answers[:changes] = np.roll(fresh[:changes], 1, axis=1)
    stage = ladder._rounded("int8", file, np.roll(answers, -1, axis=1), np.roll(fresh, -1, axis=1), pixels)
    assert stage.label_changes == changes
    assert stage.passed is passed
    expected = "" if passed else f"integers are too coarse ({changes} of {images} labels change, expected at most"
    assert stage.cause.startswith(expected)


@pytest.mark.parametrize("resize", ["squash", "crop", "pad"])
@pytest.mark.parametrize("interpolation", ["area", "linear", "cubic"])
@pytest.mark.parametrize("size", [(23, 17), (150, 200), (400, 330)])
def test_two_ways_to_resize_agree(resize, interpolation, size):
    spec = InputSpec(size[0], size[1], 3, resize=resize, interpolation=interpolation)
    pixels = photos.coffee()[100:250, 100:300]
    difference = np.abs(resize_image(pixels, spec) - resize_in_numpy(pixels, spec))
    assert difference.mean() < 0.6
    assert difference.max() <= 3


def test_pillow_is_no_judge_of_what_is_transparent_or_no_image(tmp_path):
    cv2.imwrite(str(tmp_path / "a.png"), np.zeros((4, 4, 4), np.uint8))
    (tmp_path / "b.jpg").write_bytes(b"no image")
    assert decode_with_pillow(tmp_path / "a.png", 100) is None
    assert decode_with_pillow(tmp_path / "b.jpg", 100) is None
    cv2.imwrite(str(tmp_path / "c.png"), np.zeros((20, 20, 3), np.uint8))
    assert decode_with_pillow(tmp_path / "c.png", 399) is None


@pytest.mark.parametrize(
    ("prepare", "error", "message"),
    [
        pytest.param(lambda folder: folder / "none", SourceError, "no such folder", id="missing"),
        pytest.param(lambda folder: folder, SourceError, "holds no image", id="empty"),
        pytest.param(
            lambda folder: (folder / "a.jpg").write_bytes(b"?") and folder, DataError, "none of the images", id="broken"
        ),
    ],
)
def test_folders_without_images(exported, tmp_path, prepare, error, message):
    with pytest.raises(error, match=message):
        climb(OnnxClassifier(exported), None, prepare(tmp_path))


def test_other_labels(exported, run_folder, tmp_path):
    spec = read_spec_of(exported)
    path = rewritten(exported, tmp_path, labels=("x", "y", "z"))
    assert spec.input.height == SIZE
    with pytest.raises(ModelError, match="other labels than the model file"):
        climb(OnnxClassifier(path), run_folder, None)
