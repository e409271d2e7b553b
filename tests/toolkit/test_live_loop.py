from __future__ import annotations

import threading

import numpy as np
import pytest
from live_fakes import FakeCamera, FakeClock, FakeFilm, FakeLog, FakeScreen, SlowClassifier

from cnnkit.errors import ModelError, SourceError
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.outputs import Outputs
from cnnkit.live.rates import RateMeter
from cnnkit.live.rows import FrameLog
from cnnkit.live.signal_watch import PATIENCE_S, START_PATIENCE_S
from cnnkit.live.summary import LiveSummary


class Run:
    """One run of the loop over a fake camera of 25 frames a second, and everything that can be asked about it."""

    def __init__(self, frames=50, model_s=0.0, screen=None, stop=None, camera=None, answer=(0.7, 0.2, 0.1), **options):
        self.clock = FakeClock()
        self.camera = FakeCamera(self.clock, frames, **(camera or {}))
        self.classifier = SlowClassifier(self.clock, model_s, answer)
        self.screen = None if screen is None else FakeScreen(self.clock, **screen)
        self.film, self.log = FakeFilm(), FakeLog()
        self.loop = LiveLoop(
            self.camera,
            self.classifier,
            self.clock,
            stop or threading.Event(),
            Outputs(self.screen, self.film, self.log),
            LoopOptions("camera 0", **options),
        )

    @property
    def numbers(self):
        return [observation.frame.number for observation in self.log.observations]

    @property
    def labels(self):
        return [observation.prediction and observation.prediction.label for observation in self.log.observations]


def test_a_slow_model_always_gets_the_newest_frame_and_never_a_queued_one():
    run = Run(frames=50, model_s=0.1)
    summary = run.loop.run()
    # Every 100 ms the frame is taken that began at most 40 ms before: frame 0, 2 (at 80 ms), 5 (at 200 ms), ...
    assert run.classifier.seen[:6] == [0, 2, 5, 7, 10, 12]
    assert run.classifier.seen == run.numbers
    assert summary.classified == len(run.numbers)
    assert summary.skipped == 50 - summary.classified


def test_a_fast_model_sees_each_frame_once():
    run = Run(frames=20, model_s=0.001)
    summary = run.loop.run()
    assert run.classifier.seen == list(range(20))
    assert (summary.classified, summary.skipped, summary.lost) == (20, 0, 0)


def test_the_age_is_that_of_the_frame_when_it_is_shown():
    in_time = Run(frames=9, model_s=0.03, screen={"seconds": 0.002})
    assert in_time.loop.run().age_ms == pytest.approx(32)
    late = Run(frames=1000, model_s=0.1, screen={"seconds": 0.002}, max_frames=4)
    # Taken at 0, 102, 204 and 306 ms: the frames of 0, 80, 200 and 280 ms, shown 102 ms later.
    assert late.loop.run().age_ms == pytest.approx(102 + (4 + 22) / 2)


def test_the_picture_says_the_rate_and_how_old_the_frame_is(monkeypatch):
    captions = []
    monkeypatch.setattr("cnnkit.live.loop.paint", lambda pixels, caption: captions.append(caption) or pixels)
    Run(frames=3, model_s=0.03).loop.run()
    assert [caption.age_ms for caption in captions] == pytest.approx([30, 30, 30])
    assert [caption.rate_hz for caption in captions] == [None, pytest.approx(25), pytest.approx(25)]


def test_the_rate_is_that_of_the_model_not_of_the_camera():
    assert Run(frames=200, model_s=0.1).loop.run().rate_hz == pytest.approx(10, rel=0.02)


def test_failed_reads_are_never_classified_and_have_rows_of_their_own():
    run = Run(frames=6, model_s=0.001, camera={"broken": frozenset({2, 3})}, screen={})
    summary = run.loop.run()
    assert run.classifier.seen == [0, 1, 4, 5]
    assert run.labels == ["red", "red", None, None, "red", "red"]
    assert (summary.classified, summary.lost) == (4, 2)
    good, lost = run.screen.shown[1], run.screen.shown[2]
    assert lost.shape == good.shape
    assert lost[120:200].mean() < good[120:200].mean(), "the last picture, darkened"


def test_a_camera_whose_reads_fail_for_good_ends_in_an_error():
    run = Run(frames=10**6, model_s=0.001, camera={"broken": frozenset(range(10, 10**5))})
    with pytest.raises(SourceError, match=r"^camera 0 gave no picture for 5 seconds: check the connection$"):
        run.loop.run()
    assert run.clock.now_ns / 1e9 == pytest.approx(0.36 + PATIENCE_S, abs=0.1)
    assert run.classifier.seen == list(range(10))


def test_a_camera_that_hangs_is_a_lost_signal_after_a_second_and_an_error_after_some():
    run = Run(frames=10**6, model_s=0.001, camera={"silent_after": 9}, screen={})
    with pytest.raises(SourceError, match="gave no picture for 5 seconds"):
        run.loop.run()
    lost = [observation.frame for observation in run.log.observations if observation.prediction is None]
    assert [frame.number for frame in lost] == [10] * len(lost) and 4 <= len(lost) <= 5
    assert lost[0].seconds == pytest.approx(1.36, abs=0.1)
    assert run.screen.polls > 80, "keys are looked at all the time"


def test_a_camera_that_never_starts_has_more_time_but_not_for_ever():
    run = Run(frames=10**6, camera={"silent_after": -1})
    with pytest.raises(SourceError, match="gave no picture for 10 seconds"):
        run.loop.run()
    assert run.clock.now_ns / 1e9 == pytest.approx(START_PATIENCE_S, abs=0.1)
    assert not run.log.observations


def test_a_model_slower_than_the_patience_is_no_lost_signal():
    run = Run(frames=1000, model_s=PATIENCE_S + 1, max_frames=4)
    assert run.loop.run().classified == 4
    assert None not in run.labels


def test_a_recorded_source_that_is_slow_is_no_lost_signal():
    run = Run(frames=10**6, camera={"silent_after": 3}, live=False, max_frames=4)
    assert run.loop.run().lost == 0


@pytest.mark.parametrize(
    ("options", "classified"),
    [
        pytest.param({"max_frames": 7}, 7, id="max_frames"),
        pytest.param({"screen": {"quit_after": 3}}, 3, id="the window's q"),
        pytest.param({"frames": 5}, 5, id="end of the source"),
    ],
)
def test_what_ends_the_loop(options, classified):
    run = Run(**{"frames": 1000, "model_s": 0.001, **options})
    assert run.loop.run().classified == classified


def test_lost_frames_count_for_max_frames():
    run = Run(frames=1000, model_s=0.001, camera={"broken": frozenset({1, 2})}, max_frames=4)
    assert run.loop.run() == LiveSummary(2, 2, 0, pytest.approx(1 / 0.12), pytest.approx(1))


def test_a_stop_that_came_before_the_first_frame_ends_at_once():
    stop = threading.Event()
    stop.set()
    assert Run(stop=stop).loop.run().classified == 0


def test_a_stop_ends_after_the_frame_at_hand():
    stop = threading.Event()
    run = Run(frames=1000, model_s=0.001, stop=stop)
    run.film.write = lambda image, seconds: stop.set()
    assert run.loop.run().classified == 1
    assert len(run.log.observations) == 1


def test_recording_and_log_get_every_frame_with_the_time_of_the_source():
    run = Run(frames=4, model_s=0.001)
    run.loop.run()
    assert run.film.seconds == [0.0, 0.04, 0.08, 0.12]


def test_without_window_and_recording_nothing_is_painted(monkeypatch):
    monkeypatch.setattr("cnnkit.live.loop.paint", None)
    run = Run(frames=3)
    run.loop._outputs = Outputs(log=run.log)
    run.loop.run()
    assert run.labels == ["red"] * 3


def test_an_answer_that_is_not_finite_is_an_error():
    with pytest.raises(ModelError, match="not finite for a frame of camera 0"):
        Run(answer=(np.nan, 0.5, 0.5)).loop.run()


def test_top_k():
    run = Run(frames=1, top_k=2)
    run.loop.run()
    assert [candidate.label for candidate in run.log.observations[0].prediction.top] == ["red", "green"]


class Rows:
    def __init__(self):
        self.fields = []

    def write(self, rows):
        self.fields += [row.fields() for row in rows]

    def close(self):
        raise AssertionError("whoever opened it closes it")


def test_rows_are_those_of_the_machine_formats():
    run, rows = Run(frames=2, camera={"broken": frozenset({1})}), Rows()
    run.loop._outputs = Outputs(log=FrameLog(rows, "clip.mp4"))
    run.loop.run()
    top = [{"label": label, "probability": value} for label, value in (("red", 0.7), ("green", 0.2), ("blue", 0.1))]
    good = {
        "source": "clip.mp4",
        "frame": 0,
        "seconds": 0.0,
        "label": "red",
        "confidence": 0.7,
        "top": top,
        "error": None,
    }
    lost = {"frame": 1, "seconds": 0.04, "label": None, "confidence": None, "top": [], "error": "signal lost"}
    assert rows.fields == [{"source": "clip.mp4", **fields} for fields in (good, lost)]
    assert list(rows.fields[0]) == ["source", "frame", "seconds", "label", "confidence", "top", "error"]


@pytest.mark.parametrize(
    ("times", "rate"),
    [
        pytest.param([], None, id="nothing"),
        pytest.param([5], None, id="one"),
        pytest.param([0, 1_000_000_000], 1.0, id="a second"),
        pytest.param([7, 7], None, id="no time between"),
        pytest.param([0, *(10**9 + number * 10**7 for number in range(40))], 100.0, id="the last 30 alone"),
        pytest.param([0, 5 * 10**9, 6 * 10**9, 7 * 10**9], 1.0, id="the last 2 seconds alone"),
        pytest.param([0, 10 * 10**9, 20 * 10**9], 0.1, id="two at least"),
    ],
)
def test_rates(times, rate):
    meter = RateMeter()
    for time in times:
        meter.tick(time)
    assert meter.rate_hz == (None if rate is None else pytest.approx(rate))


@pytest.mark.parametrize(
    ("summary", "text"),
    [
        (LiveSummary(0, 0, 0, None, None), "0 frames classified"),
        (
            LiveSummary(1200, 3, 45, 24.94, 18.31),
            "1,200 frames classified, 45 skipped for newer ones, 3 not readable, 24.9 frames/s, "
            "18.3 ms from reading a frame to its result",
        ),
    ],
    ids=["nothing", "all"],
)
def test_the_summary_in_words(summary, text):
    assert str(summary) == text
