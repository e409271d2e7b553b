from __future__ import annotations

import io

import numpy as np
import pytest
from live_fakes import write_video

from cnnkit.errors import ImageError
from cnnkit.sources.files import SourceOptions, expand_sources


def expand(path, every_s=None):
    return list(expand_sources([str(path)], io.BytesIO(), SourceOptions(every_s=every_s)))


@pytest.fixture
def film(tmp_path):
    return write_video(tmp_path / "film.avi", [50, 100, 150, 200, 250], rate_hz=2)


def test_each_frame_is_an_image(film):
    found = expand(film)
    assert [(image.source, image.frame, image.seconds, image.problem) for image in found] == [
        (str(film), number, number / 2, None) for number in range(5)
    ]
    reds = [int(np.median(image.decode().pixels[..., 0])) for image in found]
    assert reds == pytest.approx([50, 100, 150, 200, 250], abs=4)


@pytest.mark.parametrize(("every_s", "frames"), [(0.1, [0, 1, 2, 3, 4]), (1, [0, 2, 4]), (1.2, [0, 3]), (9, [0])])
def test_a_frame_each_so_many_seconds(film, every_s, frames):
    assert [image.frame for image in expand(film, every_s)] == frames


def test_frames_are_held_against_the_limit_of_pixels(film):
    with pytest.raises(ImageError, match="more than the limit of 99"):
        expand(film)[0].decode(max_pixels=99)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (None, "cannot be opened (No such file or directory)"),
        (b"", "is empty, expected a video file"),
        (b"text", "is a text file, expected a video file"),
        (bytes(range(256)) * 9, "is no video that can be read"),
    ],
    ids=["missing", "empty", "text", "noise"],
)
def test_what_is_no_video_has_a_row(tmp_path, content, problem):
    path = tmp_path / "film.mp4"
    if content is not None:
        path.write_bytes(content)
    [image] = expand(path)
    assert (image.source, image.frame) == (str(path), None)
    assert image.problem.startswith(problem)


def test_a_cut_video_gives_what_is_there(tmp_path):
    path = write_video(tmp_path / "film.avi", list(range(0, 250, 5)))
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    found = expand(path)
    assert 5 < len(found) < 50
    *whole, last = found
    assert all(image.problem is None for image in whole)
    assert last.problem in (None, "this frame is damaged")


def test_what_is_no_address_has_a_row():
    [image] = expand("http://[bad/film.mp4")
    assert image.problem == "is no address: expected scheme://host:port/path"
