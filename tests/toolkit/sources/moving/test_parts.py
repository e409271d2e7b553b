from __future__ import annotations

import cv2
import pytest
from hypothesis import given, strategies as st
from live_fakes import picture

from cnnkit.errors import ImageError
from cnnkit.sources.moving.parts import JpegSplitter, MultipartSplitter
from cnnkit.sources.moving.pictures import PolledPictures, StreamOfPictures, decoded_shot

FILES = [cv2.imencode(".jpg", picture(number))[1].tobytes() for number in (50, 100, 150)]


def multipart(files, lengths=True):
    head = b"Content-Type: image/jpeg\r\n"
    return b"".join(
        b"--frame\r\n%s%s\r\n%s\r\n" % (head, b"Content-Length: %d\r\n" % length if lengths else b"", data)
        for data, length in files
    )


def fed(splitter, data, step):
    return [body for start in range(0, len(data), step) for body in splitter.feed(data[start : start + step])]


@pytest.mark.parametrize("boundary", ["frame", '"frame"', "--frame"])
@pytest.mark.parametrize("step", [1, 100, 10**6])
def test_parts_of_a_response_are_files(boundary, step):
    data = multipart([(file, len(file)) for file in FILES])
    assert fed(MultipartSplitter(boundary), data, step) == FILES


def test_parts_without_a_length_end_at_the_next_boundary():
    data = multipart([(file, 0) for file in FILES], lengths=False)
    assert fed(MultipartSplitter("frame"), data, 99) == FILES[:2]
    assert fed(MultipartSplitter("frame"), data + b"--frame\r\n", 99) == FILES


@pytest.mark.parametrize("step", [1, 99, 10**6])
@pytest.mark.parametrize("lengths", [True, False])
@pytest.mark.parametrize(
    ("announced", "sent"),
    [
        pytest.param("", b"--frame", id="none announced"),
        pytest.param("other", b"--frame", id="another one announced"),
        pytest.param("--frame", b"----frame", id="dashes in the name"),
        pytest.param("my frame", b"--my frame", id="a space"),
        pytest.param("", b"--" + b"=_1.2:3/4?" * 5, id="all sorts of characters"),
    ],
)
def test_boundaries_of_cameras(announced, sent, lengths, step):
    files = [FILES[0], FILES[1][:200] + b"--" + FILES[1][200:], FILES[2]]
    data = multipart([(file, len(file)) for file in files], lengths).replace(b"--frame", sent) + sent + b"--\r\n"
    assert fed(MultipartSplitter(announced), b"\r\n" + data, step) == files
    assert fed(MultipartSplitter(announced), data.replace(b"\r\n", b"\n") if lengths else data, step)[0] == files[0]


def test_a_part_that_is_shorter_than_its_length_ends_at_the_next_boundary():
    data = multipart([(FILES[0], len(FILES[0])), (FILES[1][:300], len(FILES[1])), (FILES[2], len(FILES[2]))])
    whole, torn, after = fed(MultipartSplitter("frame"), data, 50)
    assert (whole, after) == (FILES[0], FILES[2]) and torn.startswith(FILES[1][:300])


@pytest.mark.parametrize("step", [1, 50, 10**6])
@pytest.mark.parametrize("said", [-1, -200, 0], ids=["one too few", "far too few", "nothing"])
def test_a_head_that_gives_less_than_its_file_has(said, step):
    data = multipart([(file, len(file) + said if said else 0) for file in FILES]) + b"--frame--\r\n"
    assert fed(MultipartSplitter("frame"), data, step) == FILES


def test_what_follows_a_file_is_counted_with_it():
    filled = [file + bytes(40) for file in FILES]
    data = multipart([(file, len(file)) for file in filled])
    assert fed(MultipartSplitter("frame"), data, 100) == filled


@given(st.binary(max_size=300), st.integers(1, 50))
def test_any_bytes_are_taken(data, step):
    fed(MultipartSplitter("frame"), data, step)
    fed(JpegSplitter(), data, step)


@pytest.mark.parametrize("step", [1, 100, 10**6])
def test_files_behind_one_another(step):
    assert fed(JpegSplitter(), b"".join(FILES), step) == FILES


@pytest.mark.parametrize("step", [1, 100, 512, 10**6])
@pytest.mark.parametrize("filling", [1, 7, 700])
def test_zeros_between_files_belong_to_none(step, filling):
    assert fed(JpegSplitter(), b"".join(file + bytes(filling) for file in FILES), step) == FILES


def test_files_of_which_the_next_one_has_but_begun():
    splitter, (first, second, _) = JpegSplitter(), FILES
    assert list(splitter.feed(first + second[:1])) == []
    assert list(splitter.feed(second[1:])) == [first, second]


def test_a_file_is_there_as_soon_as_it_ends():
    assert list(JpegSplitter().feed(FILES[0])) == [FILES[0]]


@pytest.mark.parametrize(
    ("data", "whole"),
    [
        pytest.param(FILES[0], True, id="whole"),
        pytest.param(FILES[0][: len(FILES[0]) // 2], False, id="half"),
        pytest.param(FILES[0][:-60] + b"\xff\xd9", False, id="half, and ended"),
        pytest.param(FILES[0][:-60] + FILES[1], False, id="runs into the next"),
        pytest.param(b"", False, id="empty"),
    ],
)
def test_torn_files_are_damaged(data, whole):
    shot = decoded_shot(data, 0.0)
    assert (shot.pixels is not None, shot.damaged) == (whole, not whole)


def test_a_stream_ends_with_its_connection():
    parts = [*FILES, b""]
    stream = StreamOfPictures(lambda most: parts.pop(0), JpegSplitter(), lambda: parts.append(b"closed"))
    assert [round(float(stream.read().pixels[..., 2].mean()), -1) for _ in FILES] == [50, 100, 150]
    assert stream.read().ended
    stream.release()
    assert parts == [b"closed"]


def test_snapshots_are_asked_for_when_they_are_due():
    now, asked = [0.0], []

    def fetch():
        asked.append(now[0])
        if len(asked) == 3:
            raise ImageError("address", "no answer")
        return FILES[0]

    camera = PolledPictures(fetch, 2.0, clock=lambda: now[0])
    told = []
    for _ in range(14):
        shot = camera.read()
        told.append("wait" if shot.waiting else "none" if shot.pixels is None else "picture")
        now[0] += 0.5
    assert asked == [0.0, 2.0, 4.0, 6.0]
    assert [each for each in told if each != "wait"] == ["picture", "picture", "none", "picture"]
