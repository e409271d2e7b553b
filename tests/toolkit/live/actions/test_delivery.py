from __future__ import annotations

import logging
import threading
import time

import pytest

from cnnkit.live.actions import delivery as module
from cnnkit.live.actions.delivery import Delivery, NeverError, NotNowError


@pytest.fixture(autouse=True)
def short_waits(monkeypatch):
    monkeypatch.setattr(module, "FIRST_WAIT_S", 0.01)
    monkeypatch.setattr(module, "END_S", 0.5)


@pytest.fixture
def said(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("cnnkit"), "propagate", True)
    caplog.set_level(logging.INFO, "cnnkit")
    return lambda: [record.getMessage() for record in caplog.records]


class Receiver:
    """Fails as a list says, then takes everything."""

    def __init__(self, *failures: Exception) -> None:
        self.failures, self.taken = list(failures), []

    def __call__(self, parcel) -> None:
        if self.failures:
            raise self.failures.pop(0)
        self.taken.append(parcel.fields())


def sent(receiver, rows, *, before_end=0, **options):
    """What a receiver took; so many of the rows before the process ends."""
    delivery = Delivery("hook", receiver, **options)
    for number in rows:
        delivery.take({"number": number})
    end = time.monotonic() + 5
    while len(receiver.taken) < before_end and time.monotonic() < end:
        time.sleep(0.01)
    delivery.close()
    return [(each["number"], each["repeated"]) for each in receiver.taken]


def test_in_order_and_once(said):
    receiver = Receiver()
    assert sent(receiver, range(20)) == [(number, False) for number in range(20)]
    assert len({each["id"] for each in receiver.taken}) == 20 and said() == []


def test_what_may_have_arrived_is_said(said):
    receiver = Receiver(NotNowError("gone", may_have_arrived=False), NotNowError("no answer", may_have_arrived=True))
    assert sent(receiver, [1, 2], before_end=2) == [(1, True), (2, False)]
    assert said() == [
        "hook: gone; it is tried again until it is taken",
        "hook: no answer; it is tried again until it is taken",
        "hook: a change was sent again, and may have arrived twice",
    ]


def test_what_will_never_be_taken_does_not_hold_up_the_rest(said):
    assert sent(Receiver(NeverError("the server answers 404")), [1, 2]) == [(2, False)]
    assert said() == ["hook: the server answers 404; this change is lost", "hook: 1 change is lost"]


def test_more_than_fit(said):
    begun, go_on = threading.Event(), threading.Event()
    taken = []

    def slow(parcel):
        begun.set()
        go_on.wait(5)
        taken.append(parcel.row["number"])

    delivery = Delivery("hook", slow, most=3)
    delivery.take({"number": 0})
    begun.wait(5)
    for number in range(1, 6):
        delivery.take({"number": number})
    go_on.set()
    delivery.close()
    assert taken == [0, 3, 4, 5]
    assert said() == ["hook: more than 3 changes wait, the oldest is lost"] * 2 + ["hook: 2 changes are lost"]


def test_the_end_does_not_wait_for_one_that_was_away_before(said, monkeypatch):
    monkeypatch.setattr(module, "END_S", 30.0)
    monkeypatch.setattr(module, "FIRST_WAIT_S", 20.0)
    ended, tried = [], threading.Event()

    class Away(Receiver):
        def __call__(self, parcel):
            tried.set()
            raise NotNowError("gone", may_have_arrived=False)

    delivery = Delivery("hook", Away(), end=lambda: ended.append(True))
    for number in range(3):
        delivery.take({"number": number})
    assert tried.wait(5)
    time.sleep(0.1)
    start = time.monotonic()
    delivery.close()
    assert time.monotonic() - start < 1
    assert said() == [
        "hook: gone; it is tried again until it is taken", "hook: gone; the process ends", "hook: 3 changes are lost",
    ]  # fmt: skip
    assert ended == [True]


def test_the_end_does_not_wait_for_ever(said, monkeypatch):
    monkeypatch.setattr(module, "END_S", 0.2)
    monkeypatch.setattr(module, "_GRACE_S", 0.1)
    begun, go_on = threading.Event(), threading.Event()

    def hang(parcel):
        begun.set()
        go_on.wait(20)

    delivery = Delivery("hook", hang, end=go_on.set)
    delivery.take({"number": 0})
    delivery.take({"number": 1})
    assert begun.wait(5)
    delivery.close()
    assert said() == ["hook: 2 changes are lost"] and go_on.is_set()
