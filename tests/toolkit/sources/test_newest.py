from __future__ import annotations

import itertools
import logging
import threading
import time

import pytest
from hypothesis import given, strategies as st
from live_fakes import FakeCapture, FakeClock, picture

from cnnkit.errors import SourceError
from cnnkit.sources.frames import Frame, file_frames, paced
from cnnkit.sources.newest import EveryFrame, NewestFrame


def numbers_in(frames):
    return [None if frame.pixels is None else int(frame.pixels[0, 0, 2]) for frame in frames]


def read_file(numbers, promised, rate_hz=25.0):
    return list(file_frames(FakeCapture(numbers), "clip.mp4", rate_hz, promised, FakeClock()))


@pytest.mark.parametrize(
    ("numbers", "promised", "expected"),
    [
        pytest.param([5, 6, 7], 3, [5, 6, 7], id="whole"),
        pytest.param([5, 6, 7], 0, [5, 6, 7], id="no count in the header"),
        pytest.param([5, 6, 7], 2, [5, 6, 7], id="more than promised"),
        pytest.param([5, None, None, 8], 4, [5, None, None, 8], id="damaged in the middle"),
        pytest.param([None, 6], 2, [None, 6], id="damaged at the start"),
        pytest.param([5, 6, None], 3, [5, 6], id="one short"),
        pytest.param([5, None, 7], 0, [5], id="the first failure ends what promised nothing"),
    ],
)
def test_files_end_and_gaps_are_told_from_the_end(numbers, promised, expected):
    frames = read_file(numbers, promised)
    assert numbers_in(frames) == expected
    assert [frame.number for frame in frames] == list(range(len(expected)))
    assert [frame.seconds for frame in frames] == [number / 25 for number in range(len(expected))]


def test_a_cut_file_is_read_to_the_cut_with_a_warning(caplog):
    with caplog.at_level(logging.WARNING, "cnnkit"):
        assert len(read_file(list(range(40)), 100)) == 40
    assert caplog.messages == ["clip.mp4: the last 60 of 100 frames cannot be read, the file is damaged"]


def test_a_header_that_promises_one_frame_too_many_is_no_damage(caplog):
    with caplog.at_level(logging.WARNING, "cnnkit"):
        assert len(read_file(list(range(9)), 10)) == 9
    assert not caplog.messages


def test_a_header_that_promises_millions_is_not_believed_for_ever():
    capture = FakeCapture([1])
    assert len(list(file_frames(capture, "clip.mp4", 25.0, 10**12, FakeClock()))) == 1


def test_a_file_without_one_good_frame_is_an_error():
    with pytest.raises(SourceError, match=r"^clip\.mp4 holds no frame that can be read"):
        read_file([None, None], 2)


@given(st.lists(st.one_of(st.none(), st.integers(0, 255)), max_size=30).filter(lambda numbers: any(numbers)))
def test_what_is_read_of_a_file_is_the_file_without_failures_at_its_end(numbers):
    expected = list(numbers)
    while expected[-1] is None:
        expected.pop()
    assert numbers_in(read_file(numbers, len(numbers))) == expected


def test_a_file_is_paced_at_its_own_rate_and_its_frames_are_stamped_when_due():
    clock = FakeClock()
    clock.advance(7)
    waits = []

    def pause(seconds):
        waits.append(round(seconds, 6))
        clock.advance(seconds)

    frames = (Frame(number, number * 0.04, None, 0) for number in range(4))
    stamps = []
    for frame in paced(frames, clock, pause):
        stamps.append(frame.captured_ns / 1e9 - 7)
        clock.advance(0.1 if frame.number == 1 else 0.01)  # the second one takes long to decode
    assert stamps == pytest.approx([0, 0.04, 0.14, 0.15])
    assert waits == [0.03]


class Gate:
    """Frames that come when a test lets them."""

    def __init__(self, error=None):
        self.allowed, self.given, self.error = threading.Semaphore(0), threading.Semaphore(0), error

    def frames(self):
        for number in itertools.count():
            self.allowed.acquire()
            if self.error is not None:
                raise self.error
            yield Frame(number, 0.0, picture(number), 0)
            self.given.release()  # asked for the next one: the last is stored

    def let(self, count):
        for _ in range(count):
            self.allowed.release()
            self.given.acquire(timeout=5)


def test_the_newest_frame_takes_the_place_of_those_nobody_took():
    gate, released, stop = Gate(), [], threading.Event()
    source = NewestFrame(gate.frames(), lambda: released.append(True), stop)
    gate.let(1)
    assert source.take(1).number == 0
    assert source.take(0.01) is None
    gate.let(5)
    assert source.take(1).number == 5
    assert not source.ended and not released
    stop.set()
    gate.allowed.release()
    source.close()
    assert released == [True]


def test_a_finite_source_ends_after_its_last_frame_was_taken():
    source = NewestFrame((frame for frame in [Frame(0, 0.0, None, 0)]), lambda: None, threading.Event())
    source.close()
    assert not source.ended
    assert source.take(1).number == 0
    assert source.ended and source.take(0.01) is None


def test_an_error_in_the_reader_is_raised_where_frames_are_taken():
    gate = Gate()
    source = NewestFrame(gate.frames(), lambda: None, threading.Event())
    gate.let(1)
    gate.error = SourceError("the file is damaged")
    gate.allowed.release()
    assert source.take(1).number == 0
    with pytest.raises(SourceError, match="the file is damaged"):
        source.take(5)
    assert source.ended


def test_closing_does_not_wait_for_a_read_that_hangs(monkeypatch):
    monkeypatch.setattr("cnnkit.sources.newest._JOIN_S", 0.01)
    gate, released = Gate(), []
    source = NewestFrame(gate.frames(), lambda: released.append(True), threading.Event())
    source.close()
    assert not released  # the driver still works on it
    gate.allowed.release()
    source._thread.join(5)
    assert released == [True]


def test_several_that_hang_are_waited_for_together(monkeypatch):
    monkeypatch.setattr("cnnkit.sources.newest._JOIN_S", 0.3)
    gates = [Gate() for _ in range(6)]
    sources = [NewestFrame(gate.frames(), lambda: None, threading.Event()) for gate in gates]
    start = time.monotonic()
    for source in sources:
        source.stop()
    for source in sources:
        source.close()
    assert 0.25 < time.monotonic() - start < 0.9
    for gate, source in zip(gates, sources, strict=True):
        gate.allowed.release()
        source._thread.join(5)


def test_every_frame_gives_all_of_them_without_a_thread():
    released = []
    source = EveryFrame((Frame(number, 0.0, None, 0) for number in range(3)), lambda: released.append(True))
    taken = []
    while not source.ended:
        taken.append(source.take(0))
    assert [frame and frame.number for frame in taken] == [0, 1, 2, None]
    source.close()
    assert released == [True]
