from __future__ import annotations

import json

import cv2
import numpy as np
import pytest
from small_keras import body, exported, keras_answers, random_images

from cnnkit.errors import SpecError, UsageError
from cnnkit.export.samples import blended_photo, generated_images
from cnnkit.foreign import InputFlags


def test_a_run_folder_needs_no_flags(keras, run_folder, tmp_path):
    report = exported(run_folder, tmp_path, labels=None)
    spec, facts = report.spec, report.spec.provenance
    assert (spec.labels, spec.input.resize, spec.input.dtype) == (("ant", "bee", "cat"), "crop", "uint8")
    assert (facts.architecture, facts.seed, facts.dataset.name, facts.metrics) == (
        "conv2",
        7,
        "colours",
        {"top1": 0.75},
    )
    assert facts.original_input.dtype == "float32"
    images = random_images(2)
    answers = [image.probabilities for image in spec.golden]
    np.testing.assert_allclose(answers[:2], keras_answers(keras, run_folder / "model.keras", images), atol=1e-6)
    assert len(answers) == 16  # the run's own two are made up for by generated ones
    assert report.parity.images == 80


def test_its_keras_file_brings_the_same(run_folder, tmp_path):
    assert exported(run_folder / "model.keras", tmp_path, labels=None).spec.provenance.architecture == "conv2"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        pytest.param({"flags": InputFlags(scale=1.0)}, "leave out --scale, --mean, --std, --color", id="scale"),
        pytest.param({"labels": "a,b"}, "there are 2 labels", id="labels"),
    ],
)
def test_flags_that_contradict_the_run(run_folder, tmp_path, flags, message):
    with pytest.raises(UsageError, match=message):
        exported(run_folder, tmp_path, **flags)


def test_labels_of_a_run_can_be_renamed(run_folder, tmp_path):
    assert exported(run_folder, tmp_path, labels="x,y,z", golden="none").spec.labels == ("x", "y", "z")


def test_a_spec_for_another_file_is_not_used(run_folder, tmp_path, networks, keras):
    path = networks("b.keras", keras.layers.Rescaling(1 / 255), *body(keras, pool=False))
    (tmp_path / "model.keras").write_bytes(path.read_bytes())
    (tmp_path / "spec.json").write_text((run_folder / "spec.json").read_text())
    with pytest.raises(UsageError, match="add --labels"):
        exported(tmp_path, tmp_path, labels=None)


def test_a_broken_spec(run_folder, tmp_path):
    (tmp_path / "model.keras").write_bytes((run_folder / "model.keras").read_bytes())
    (tmp_path / "spec.json").write_text(json.dumps({"spec_version": 3}))
    with pytest.raises(SpecError, match="version 3"):
        exported(tmp_path, tmp_path)


def test_golden_images_from_a_folder(run_folder, tmp_path):
    photos = tmp_path / "photos"
    photos.mkdir()
    for index, image in enumerate(random_images(3, size=30)):
        (photos / f"{index}.png").write_bytes(cv2.imencode(".png", image)[1].tobytes())
    (photos / "broken.png").write_bytes(b"?")
    report = exported(run_folder, tmp_path, labels=None, golden=str(photos))
    assert (len(report.spec.golden), report.parity.images) == (3, 67)


def test_golden_images_are_of_every_class_that_occurs(keras, run_folder, tmp_path):
    report = exported(run_folder, tmp_path, labels=None, golden="generated")
    taken = report.spec.input
    drawn = np.concatenate([blended_photo(96, taken, 0), generated_images(96, taken, 0)])
    answered = keras_answers(keras, run_folder / "model.keras", drawn).argmax(axis=1)
    golden = [np.argmax(image.probabilities) for image in report.spec.golden]
    assert len(golden) == 16
    assert set(golden) == set(answered)


def test_no_golden_images(run_folder, tmp_path):
    report = exported(run_folder, tmp_path, labels=None, golden="none")
    assert (report.spec.golden, report.parity.images) == ((), 64)
