from __future__ import annotations

import threading
import time
from itertools import count, islice

import pytest

from cnnkit.predicting.pipeline import Pipeline


def clock_of(*seconds):
    """A clock on which each load takes so long, the last of them for ever."""
    stamps = [0.0]
    for index in count():
        yield stamps[-1]
        if index % 2 == 0:
            stamps.append(stamps[-1] + seconds[min(index // 2, len(seconds) - 1)])


def pipeline(load=lambda item: item, answer=tuple, *, batch_size=8, seconds=(0.0,), threads=2, **options):
    return Pipeline(load, answer, batch_size, threads=threads, clock=clock_of(*seconds).__next__, **options)


def on_pool():
    return threading.current_thread().name.startswith("cnnkit-work")


SLOW, FAST = (1.0,), (0.0001,)
WAYS = pytest.mark.parametrize("seconds", [SLOW, FAST], ids=["large images", "small images"])


@WAYS
@pytest.mark.parametrize("threads", [1, 2, 4])
@pytest.mark.parametrize("items", [0, 1, 3, 4, 5, 8, 9, 100])
@pytest.mark.parametrize("batch_size", [1, 8])
def test_answers_come_in_order_and_in_batches(seconds, threads, items, batch_size):
    def load(item):
        time.sleep(0.0005 * (item % 3))
        return item

    answers = list(pipeline(load, seconds=seconds, threads=threads, batch_size=batch_size).run(range(items)))
    assert [item for answer in answers for item in answer] == list(range(items))
    if seconds == FAST or threads == 1:
        assert {len(answer) for answer in answers[:-1]} <= {batch_size}
    assert max(map(len, answers), default=0) <= batch_size


@pytest.mark.parametrize(
    ("seconds", "threads", "sharing", "loaded", "answered"),
    [
        pytest.param([0.0021], 2, True, 96, 12, id="large images are loaded and answered on threads"),
        pytest.param([0.0019], 2, True, 92, 12, id="small images are loaded and answered on threads, by the batch"),
        pytest.param([0.5, 0.0001], 2, True, 92, 12, id="the first one may have to wait for imports"),
        pytest.param([0.0021], 1, True, 0, 0, id="one processor"),
        pytest.param([0.0019], 2, False, 0, 0, id="small images, and a model that is not to be shared"),
        pytest.param([0.0021], 2, False, 96, 0, id="large images, and a model that is not to be shared"),
    ],
)
def test_what_is_done_on_threads(seconds, threads, sharing, loaded, answered):
    places = {"load": [], "answer": []}
    load = lambda item: places["load"].append(on_pool())  # noqa: E731
    answer = lambda batch: places["answer"].append(on_pool())  # noqa: E731
    assert len(list(pipeline(load, answer, seconds=seconds, threads=threads, sharing=sharing).run(range(100)))) == 13
    assert (sum(places["load"]), sum(places["answer"])) == (loaded, answered)


@WAYS
@pytest.mark.parametrize(("items", "calls"), [(4, 0), (8, None), (20, 1)])
def test_it_is_said_once_before_threads_start(seconds, items, calls):
    called = []
    before = lambda: called.append(threading.active_count())  # noqa: E731
    list(pipeline(seconds=seconds, before_threads=before).run(range(items)))
    assert len(called) == ((seconds == SLOW) if calls is None else calls)


@WAYS
def test_no_more_are_taken_than_a_few_ahead(seconds):
    taken = []

    def endless():
        for item in count():
            taken.append(item)
            yield item

    answers = pipeline(seconds=seconds, batch_size=2).run(endless())
    assert list(islice((item for answer in answers for item in answer), 20)) == list(range(20))
    time.sleep(0.05)
    assert len(taken) <= 20 + 2 * 2 * 4 + 4
    answers.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cnnkit-work")]


@WAYS
def test_what_is_ready_does_not_wait_for_what_is_not_there(seconds):
    """As where another program writes paths into a pipe, and waits for each answer."""
    answered = threading.Semaphore(0)

    def items():
        for item in range(12):
            yield item
            assert answered.acquire(timeout=10)

    for _ in pipeline(seconds=seconds, batch_size=1).run(items()):
        answered.release()


@WAYS
@pytest.mark.parametrize("bad", [2, 20])
@pytest.mark.parametrize("where", ["load", "answer", "items"])
def test_what_goes_wrong_is_raised_here(seconds, bad, where):
    def fail(item):
        if item == bad:
            raise ValueError(f"bad {item}")
        return item

    answers = pipeline(
        fail if where == "load" else lambda item: item,
        (lambda batch: tuple(map(fail, batch))) if where == "answer" else tuple,
        batch_size=1,
        seconds=seconds,
    ).run(map(fail, range(30)) if where == "items" else range(30))
    with pytest.raises(ValueError, match=f"bad {bad}"):
        list(answers)


@pytest.mark.parametrize(
    ("loading_s", "answering_s", "batch_size", "sizes"),
    [
        pytest.param(0.0025, 0.0, 64, [4, 40], id="a tenth of a second"),
        pytest.param(0.0025, 0.03, 64, [4, 10], id="with a slower network, which answered four at once"),
        pytest.param(0.03, 0.0, 64, [4, 3], id="12 megapixels"),
        pytest.param(1.0, 0.0, 64, [4, 1], id="very large ones"),
        pytest.param(0.0025, 0.0, 8, [4, 8], id="no more than asked for"),
        pytest.param(0.05, 0.0, 3, [3, 1, 2], id="of those that were timed one waits for its batch"),
    ],
)
def test_batches_of_large_images_take_a_tenth_of_a_second(loading_s, answering_s, batch_size, sizes):
    now = [0.0]

    def spend(seconds, given):
        if not on_pool():
            now[0] += seconds
        return given

    tried = Pipeline(
        lambda item: spend(loading_s, item), lambda batch: len(spend(answering_s, batch)), batch_size, threads=2,
        clock=lambda: now[0],
    )  # fmt: skip
    assert list(islice(tried.run(range(100)), len(sizes))) == sizes


def test_large_images_are_loaded_by_several_threads_at_a_time():
    both = threading.Barrier(2, timeout=10)

    def load(item):
        if item >= 4:
            both.wait()
        return item

    assert sum(map(len, pipeline(load, seconds=SLOW).run(range(24)))) == 24


def test_small_images_are_loaded_by_one_thread_at_a_time():
    loading = threading.Lock()

    def load(item):
        assert loading.acquire(blocking=False)
        time.sleep(0.0001)
        loading.release()
        return item

    assert len(list(pipeline(load, seconds=FAST, threads=4).run(range(200)))) == 25


def test_two_runs_side_by_side_do_not_wait_for_each_other():
    one, other = (pipeline(seconds=FAST, batch_size=2).run(range(60)) for _ in range(2))
    assert [left == right for left, right in zip(one, other, strict=True)] == [True] * 30
