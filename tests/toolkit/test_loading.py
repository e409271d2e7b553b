from __future__ import annotations

import threading
import time
from itertools import count, islice

import pytest

from cnnkit.predicting.loading import load_ahead


def clock_of(seconds):
    """A clock on which every load takes so long."""
    ticks = count()
    return lambda: next(ticks) * seconds


def names_of_threads(items, seconds, threads=2):
    def load(item):
        time.sleep(0.001)
        return item, threading.current_thread().name.startswith("cnnkit-load")

    return list(load_ahead(load, items, threads=threads, clock=clock_of(seconds)))


@pytest.mark.parametrize(
    ("seconds", "threads", "pooled"),
    [(0.0001, 2, 0), (0.0019, 2, 0), (0.0021, 2, 46), (0.1, 4, 46), (0.1, 1, 0)],
)
def test_threads_only_where_the_first_files_take_long(seconds, threads, pooled):
    loaded = names_of_threads(range(50), seconds, threads)
    assert [item for item, _ in loaded] == list(range(50))
    assert sum(on_thread for _, on_thread in loaded) == pooled


@pytest.mark.parametrize(("seconds", "calls"), [(0.001, 0), (0.01, 1)])
def test_it_is_said_once_before_threads_start(seconds, calls):
    called = []
    before = lambda: called.append(threading.active_count())  # noqa: E731
    loaded = list(load_ahead(str, range(20), threads=2, before_threads=before, clock=clock_of(seconds)))
    assert len(loaded) == 20
    assert len(called) == calls


def test_order_is_kept_where_later_ones_are_ready_first():
    def load(item):
        time.sleep(0.01 if item % 2 else 0)
        return item

    assert list(load_ahead(load, range(30), threads=4, clock=clock_of(1))) == list(range(30))


@pytest.mark.parametrize("items", [0, 1, 3, 4, 5])
def test_few_items(items):
    assert list(load_ahead(str, range(items), threads=2, clock=clock_of(1))) == [str(item) for item in range(items)]


def test_no_more_are_taken_than_a_few_ahead():
    taken = []

    def endless():
        for item in count():
            taken.append(item)
            yield item

    loads = load_ahead(lambda item: item, endless(), threads=2, clock=clock_of(1))
    assert list(islice(loads, 10)) == list(range(10))
    assert len(taken) <= 10 + 2 * 4 + 1
    loads.close()
    assert not [thread for thread in threading.enumerate() if thread.name.startswith("cnnkit-load")]


@pytest.mark.parametrize("bad", [2, 20])
def test_what_loading_raises_is_raised(bad):
    def load(item):
        if item == bad:
            raise ValueError(f"bad {item}")
        return item

    loads = load_ahead(load, range(30), threads=2, clock=clock_of(1))
    assert list(islice(loads, bad)) == list(range(bad))
    with pytest.raises(ValueError, match=f"bad {bad}"):
        next(loads)
