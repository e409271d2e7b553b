from __future__ import annotations

import threading

import cv2
import numpy as np
import pytest
from live_fakes import FakeCamera, FakeClock, FakeFilm, FakeLog, FakeScreen, SlowClassifier, picture

from cnnkit.errors import ModelError
from cnnkit.live.answering import AnswerOptions, FrameClassifier
from cnnkit.live.channel import Channel, ChannelOptions
from cnnkit.live.loop import LiveLoop, LoopOptions
from cnnkit.live.outputs import Outputs
from cnnkit.live.rows import ChangeLog
from cnnkit.live.signal_watch import FROZEN_S, STALL_S
from cnnkit.live.summary import LiveSummary


class Run:
    """One run of the loop over a fake camera of 25 frames a second, and everything that can be asked about it."""

    def __init__(
        self, frames=50, model_s=0.0, screen=None, stop=None, camera=None, answer=(0.7, 0.2, 0.1), top_k=5, **options
    ):
        self.clock = FakeClock()
        self.camera = FakeCamera(self.clock, frames, **(camera or {}))
        self.classifier = SlowClassifier(self.clock, model_s, answer)
        self.screen = None if screen is None else FakeScreen(self.clock, **screen)
        self.film, self.log = FakeFilm(), FakeLog()
        watching = {name: options.pop(name) for name in ("live", "stall_s", "frozen_s") if name in options}
        answering = FrameClassifier(self.classifier, AnswerOptions("camera 0", top_k, smooth_s=0))
        outputs = Outputs(self.screen, self.film, [self.log])
        self.channel = Channel(self.camera, answering, self.clock, outputs, ChannelOptions(**watching))
        stop = stop or threading.Event()
        self.loop = LiveLoop([self.channel], self.classifier, self.clock, stop, LoopOptions(**options))

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
    monkeypatch.setattr("cnnkit.live.channel.paint", lambda pixels, caption: captions.append(caption) or pixels)
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


def test_a_camera_that_hangs_is_a_lost_signal_again_and_again():
    run = Run(frames=10**6, model_s=0.001, camera={"silent_after": 9}, screen={}, max_s=10.0)
    summary = run.loop.run()
    lost = [observation.frame for observation in run.log.observations if observation.signal == "lost"]
    assert [frame.number for frame in lost] == [10] * len(lost) and 8 <= len(lost) <= 10
    assert lost[0].seconds == pytest.approx(0.36 + STALL_S, abs=0.1)
    assert run.screen.polls > 150, "keys are looked at all the time"
    assert (summary.classified, summary.lost) == (10, len(lost))


def test_a_camera_that_never_gives_a_frame_is_a_lost_signal():
    run = Run(frames=10**6, camera={"silent_after": -1}, max_s=3.5)
    assert run.loop.run().lost == 3
    assert run.labels == [None] * 3


def test_a_model_slower_than_a_stall_is_no_lost_signal():
    run = Run(frames=1000, model_s=STALL_S + 1, max_frames=4)
    assert run.loop.run().classified == 4
    assert None not in run.labels


def test_the_same_picture_for_seconds_is_a_frozen_camera():
    run = Run(frames=400, model_s=0.001, camera={"same_after": 30}, screen={})
    summary = run.loop.run()
    signals = [observation.signal for observation in run.log.observations]
    still = 30 + round(FROZEN_S / 0.04)
    assert signals == ["live"] * still + ["frozen"] * (400 - still)
    assert run.labels[still - 1] == "red" and set(run.labels[still:]) == {None}
    assert len(run.classifier.seen) == summary.classified == still, "nothing is classified that is not there"
    assert run.screen.shown[-1][200:].mean() < run.screen.shown[100][200:].mean(), "darkened, under words"


def test_damaged_frames_are_left_out_and_are_the_reason_where_no_others_come():
    run = Run(frames=125, model_s=0.001, camera={"damaged": frozenset({2, 3, *range(50, 100)})}, screen={})
    summary = run.loop.run()
    signals = [(observation.frame.number, observation.signal) for observation in run.log.observations]
    assert [number for number, signal in signals if signal == "live"] == [0, 1, *range(4, 50), *range(100, 125)]
    assert [signal for number, signal in signals if signal != "live"] == ["damaged"]
    assert (summary.classified, summary.lost, summary.damaged) == (73, 1, 52)
    assert "52 damaged and left out" in str(summary)


def test_a_damaged_frame_of_a_film_has_a_row():
    run = Run(frames=4, camera={"damaged": frozenset({2})}, live=False)
    assert run.loop.run().classified == 3
    assert [observation.signal for observation in run.log.observations] == ["live", "live", "damaged", "live"]


def test_a_slow_camera_is_live_where_the_signal_may_be_away_for_longer():
    for stall_s, lost in ((1.0, True), (3.0, False)):
        run = Run(frames=5, camera={"period_s": 2.0}, stall_s=stall_s)
        run.loop.run()
        assert ("lost" in {observation.signal for observation in run.log.observations}) is lost


def test_a_picture_that_may_stand_still_is_not_frozen():
    run = Run(frames=400, model_s=0.001, camera={"same_after": 3}, frozen_s=0)
    assert run.loop.run().lost == 0


def test_a_frozen_camera_that_moves_again_is_live():
    run = Run(frames=300, model_s=0.001, camera={"same_after": 30})
    take, run.camera.same_after = run.camera.take, 30

    def thaw(timeout_s):
        run.camera.same_after = 10**6 if run.camera.taken >= 200 else 30
        return take(timeout_s)

    run.camera.take = thaw
    run.loop.run()
    assert {observation.signal for observation in run.log.observations[155:200]} == {"frozen"}
    assert {observation.signal for observation in run.log.observations[202:]} == {"live"}


def test_a_recorded_source_that_is_slow_is_no_lost_signal():
    run = Run(frames=10**6, camera={"silent_after": 3}, live=False, max_frames=4)
    assert run.loop.run().lost == 0


@pytest.mark.parametrize(
    ("options", "classified"),
    [
        pytest.param({"max_frames": 7}, 7, id="max_frames"),
        pytest.param({"max_s": 1.0}, 26, id="max_s"),
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
    monkeypatch.setattr("cnnkit.live.channel.paint", None)
    run = Run(frames=3)
    run.channel.outputs = Outputs(watchers=[run.log])
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
    run, rows = Run(frames=2, model_s=0.01, camera={"broken": frozenset({1})}), Rows()
    run.channel.outputs = Outputs(watchers=[ChangeLog(rows, "clip.mp4", now_s=lambda: 1769850300.133)])
    run.loop.run()
    top = [{"label": label, "probability": value} for label, value in (("red", 0.7), ("green", 0.2), ("blue", 0.1))]
    rates = {"capture_hz": None, "inference_hz": None}
    assert rows.fields == [
        {
            "source": "clip.mp4", "frame": 0, "seconds": 0.0, "label": "red", "confidence": 0.7, "top": top,
            "error": None, "warning": None, "time": "2026-01-31T09:05:00.123Z", "age_ms": 10.0, **rates,
        },
        {
            "source": "clip.mp4", "frame": 1, "seconds": 0.04, "label": None, "confidence": None, "top": [],
            "error": "signal lost", "warning": None, "time": "2026-01-31T09:05:00.133Z", "age_ms": 0.0, **rates,
        },
    ]  # fmt: skip
    assert list(rows.fields[0]) == [
        "source", "frame", "seconds", "label", "confidence", "top", "error", "warning", "time", "age_ms",
        "capture_hz", "inference_hz",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("every_s", "frames"),
    [
        (None, [0, 20, 25, 50]),
        (0, list(range(60))),
        (0.4, [0, 10, 20, 25, 35, 45, 50]),
    ],
)
def test_a_row_comes_with_each_change_and_when_it_is_due(every_s, frames):
    run, rows = Run(frames=60, model_s=0.001, camera={"broken": frozenset(range(20, 25))}), Rows()
    run.channel.outputs = Outputs(watchers=[ChangeLog(rows, "camera 0", every_s)])
    answers = run.classifier.probabilities

    def change(images):
        if run.camera.taken == 50:
            run.classifier.answer = (0.1, 0.8, 0.1)
        return answers(images)

    run.classifier.probabilities = change
    run.loop.run()
    assert [row["frame"] for row in rows.fields] == frames


def test_keys_pause_save_and_record(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keys = [None, None, "pause", None, None, None, "pause", "save", "record", None, None]
    run = Run(frames=10, model_s=0.001, screen={"keys": keys})
    run.loop.run()
    numbers = run.numbers
    assert numbers[:2] == [0, 1] and not set(range(2, 6)) & set(numbers), "nothing is classified in a pause"
    assert numbers[2:] == list(range(6, 10)), "and nothing of it afterwards"
    [saved] = tmp_path.glob("cnnkit-*.png")
    assert np.array_equal(cv2.imread(str(saved)), picture(6))
    assert run.film.seconds == [0.0, 0.04, 0.24, 0.28], "the recording ended"
