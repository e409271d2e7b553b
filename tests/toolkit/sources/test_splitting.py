"""A folder divided into train, val and test."""

from __future__ import annotations

import os
import re
import shutil
from pathlib import Path

import cv2
import numpy as np
import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.errors import CnnkitError, DataError, OutputError, UsageError
from cnnkit.sources import LabelledFiles, SplitShares, split_folder
from cnnkit.sources.grouping import group_names, join_groups
from cnnkit.sources.splitting import assign_parts


@pytest.mark.parametrize(
    ("names", "groups"),
    [
        pytest.param([f"clip{c}_{n:04}" for c in range(6) for n in range(3)],
                     [f"clip{c}" for c in range(6) for _ in range(3)], id="films"),
        pytest.param([f"plant{c}-{n}" for c in range(6) for n in "ab"],
                     [f"plant{c}" for c in range(6) for _ in range(2)], id="series"),
        pytest.param([f"clip{c}_frame{n:03}" for c in range(6) for n in range(3)],
                     [f"clip{c}" for c in range(6) for _ in range(3)], id="frames"),
        pytest.param([f"IMG_{n:04}" for n in range(9)], [f"IMG_{n:04}" for n in range(9)], id="a camera's numbers"),
        pytest.param([f"{n}" for n in range(9)], [f"{n}" for n in range(9)], id="numbers alone"),
        pytest.param(["a_jpg.rf.12ab", "a_jpg.rf.34cd", "b_jpg.rf.56ef"], ["a", "a", "b"], id="Roboflow"),
    ],
)  # fmt: skip
def test_names_tell_what_belongs_together(names: list[str], groups: list[str]) -> None:
    assert list(group_names([Path(f"{name}.jpg") for name in names], None)) == groups


def test_a_pattern_says_it_better() -> None:
    paths = [Path("p1-left-x.jpg"), Path("p1-right-y.jpg"), Path("p2-left-z.jpg")]
    assert group_names(paths, re.compile(r"^(p\d)")) == ("p1", "p1", "p2")
    with pytest.raises(UsageError, match="--group-by q does not fit the file name 'p1-left-x'"):
        group_names(paths, re.compile("q"))


def test_copies_join_groups() -> None:
    assert len(set(join_groups(["a", "b", "c", "c"], ["1", "1", "2", "3"]))) == 2


@pytest.fixture
def photos(tmp_path: Path) -> Path:
    """Two classes of ten films with four frames each, the first frame of two films the same."""
    for label in ("ants", "bees"):
        folder = tmp_path / "photos" / label
        folder.mkdir(parents=True)
        for film in range(10):
            for frame in range(4):
                content = f"{label} 0 0" if (film, frame) == (1, 0) else f"{label} {film} {frame}"
                (folder / f"film{film}_{frame}.jpg").write_text(content)
    return tmp_path / "photos"


def files_of(root: Path) -> dict[str, set[str]]:
    return {part: {path.name + path.parent.name for path in (root / part).rglob("*.jpg")} for part in os.listdir(root)}


def test_groups_stay_together_and_nothing_is_lost(photos: Path, tmp_path: Path) -> None:
    divided = split_folder(photos, tmp_path / "out", SplitShares(val=0.2, test=0.2, seed=3))
    assert (divided.images, divided.groups) == (80, 18)
    parts = files_of(tmp_path / "out")
    assert sum(map(len, parts.values())) == len(set().union(*parts.values())) == 80
    films = {part: {(name.partition("_")[0], name[-4:]) for name in names} for part, names in parts.items()}
    assert not films["train"] & films["test"] and not films["train"] & films["val"] and not films["val"] & films["test"]
    for label in ("ants", "bees"):
        assert len({part for part in films if {("film0", label), ("film1", label)} & films[part]}) == 1
    assert all(4 <= count <= 12 for part in ("val", "test") for count in divided.counts[part])


def test_the_same_seed_divides_alike_and_links_save_room(photos: Path, tmp_path: Path) -> None:
    for out, seed, link in (("a", 1, False), ("b", 1, True), ("c", 2, False)):
        split_folder(photos, tmp_path / out, SplitShares(seed=seed, link=link))
    assert files_of(tmp_path / "a") == files_of(tmp_path / "b") != files_of(tmp_path / "c")
    linked = next((tmp_path / "b" / "train" / "ants").iterdir())
    assert linked.stat().st_ino == (photos / "ants" / linked.name).stat().st_ino


def test_what_cannot_be_divided(photos: Path, tmp_path: Path) -> None:
    def refused(error: type[CnnkitError], message: str, out: str = "out", **shares: object) -> None:
        with pytest.raises(error, match=message):
            split_folder(photos, tmp_path / out, SplitShares(**shares))  # type: ignore[arg-type]
        assert not list(tmp_path.glob("*out*"))

    refused(UsageError, "leave nothing to train on", val=0.5, test=0.5)
    refused(UsageError, "is no regular expression", group_by="(")
    refused(OutputError, "photos", out="photos/ants")
    (photos / "bees" / "copy.jpg").write_text("ants 0 0")
    refused(DataError, "are the same image under two labels")
    for path in (photos / "bees").iterdir():
        path.unlink()
    (photos / "bees" / "1.jpg").touch()
    refused(DataError, "class 'bees' has 1 groups of images, too few for 3 parts")


@pytest.mark.parametrize("link", [False, True])
def test_images_of_two_folders_of_one_name_do_not_become_one(photos: Path, tmp_path: Path, link: bool) -> None:
    (photos / "ants").rename(photos / "caf\u00e9")
    shutil.copytree(photos / "caf\u00e9", photos / "cafe\u0301")
    for path in (photos / "cafe\u0301").iterdir():
        path.write_text(f"another {path.name}")
    before = {path: path.read_text() for path in photos.rglob("*.jpg")}
    with pytest.raises(DataError, match=r"would both become \w+/caf\u00e9/.*\.jpg: rename it, or its folder"):
        split_folder(photos, tmp_path / "out", SplitShares(link=link))
    assert {path: path.read_text() for path in photos.rglob("*.jpg")} == before
    assert not list(tmp_path.glob("*out*"))


@pytest.mark.parametrize("given", ["all/train", "all"])
def test_training_images_alone_are_divided(photos: Path, tmp_path: Path, given: str) -> None:
    (tmp_path / "all").mkdir()
    photos.rename(tmp_path / "all" / "train")
    assert split_folder(tmp_path / given, tmp_path / "out", SplitShares()).images == 80
    (tmp_path / "all" / "test" / "ants").mkdir(parents=True)
    with pytest.raises(DataError, match="is divided already: give the folder of its classes alone"):
        split_folder(tmp_path / "all", tmp_path / "out2", SplitShares())


def test_the_command_prints_a_table(photos: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["split", str(photos), "-o", str(tmp_path / "out"), "--val", "0"])
    assert result.exit_code == 0, result.output
    assert "80 images in 18 groups that stay together" in result.output
    assert f"next: cnnkit train {tmp_path / 'out'}" in result.output
    assert sorted(os.listdir(tmp_path / "out")) == ["test", "train"]


@pytest.mark.parametrize(
    ("out", "printed"), [("-new", "./-new"), ("digits", "./digits"), ("it's new", "'it'\"'\"'s new'")]
)
def test_the_command_that_trains_on_it_takes_it(
    photos: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, out: str, printed: str
) -> None:
    monkeypatch.chdir(tmp_path)
    result = CliRunner().invoke(main, ["split", str(photos), "-o", out])
    assert result.stdout.splitlines()[-1] == f"next: cnnkit train {printed}"


def burst(folder: Path, name: str, seed: int, count: int) -> None:
    """Photos of one scene that differ in their noise."""
    generator = np.random.default_rng(seed)
    scene = cv2.resize(generator.integers(0, 256, (12, 12, 3), dtype=np.uint8), (96, 96), interpolation=cv2.INTER_CUBIC)
    for index in range(count):
        image = np.clip(scene + generator.normal(0, 6, scene.shape), 0, 255).astype(np.uint8)
        (folder / f"{name}{chr(97 + index)}.jpg").write_bytes(cv2.imencode(".jpg", image)[1].tobytes())


@pytest.fixture
def bursts(tmp_path: Path) -> Path:
    """Two classes of ten scenes with three photos each, whose names say nothing."""
    for label in ("ants", "bees"):
        folder = tmp_path / "bursts" / label
        folder.mkdir(parents=True)
        for scene in range(10):
            burst(folder, f"{label}{scene}", 1000 * len(label) + 10 * scene + (label == "bees"), 3)
    return tmp_path / "bursts"


def test_images_that_are_nearly_the_same_stay_together_and_that_is_said(bursts: Path, tmp_path: Path) -> None:
    result = CliRunner().invoke(main, ["split", str(bursts), "-o", str(tmp_path / "out"), "--val", "0.2"])
    assert result.exit_code == 0, result.output
    assert "60 images in 20 groups that stay together" in result.output
    assert "\n40 groups were joined to others, whose images are nearly the same\n" in result.output
    scenes = {part: {name[:5] for name in names} for part, names in files_of(tmp_path / "out").items()}
    assert sum(map(len, scenes.values())) == 20 and len(scenes["val"]) == 4

    divided = split_folder(bursts, tmp_path / "apart", SplitShares(keep_alike=False))
    assert (divided.groups, divided.joined) == (60, 0)


def test_one_class_of_one_scene_names_the_way_out(bursts: Path, tmp_path: Path) -> None:
    for path in (bursts / "bees").glob("bees[1-9]*"):
        path.unlink()
    with pytest.raises(DataError, match=r"'bees' has 1 groups of images, too few for 3 parts: .* --divide-alike"):
        split_folder(bursts, tmp_path / "out", SplitShares())
    assert split_folder(bursts, tmp_path / "out", SplitShares(keep_alike=False)).counts["val"][1] == 1


def test_a_large_group_is_trained_on_and_every_part_gets_one(tmp_path: Path) -> None:
    files = LabelledFiles(("ants",), tuple(Path(f"{index}.jpg") for index in range(100)), (0,) * 100)
    groups = [0] * 90 + [1] * 2 + [2] * 8
    for seed in range(20):
        parts = assign_parts(groups, files, SplitShares(seed=seed))
        assert parts[0] == "train" and set(parts[90:]) == {"val", "test"}
