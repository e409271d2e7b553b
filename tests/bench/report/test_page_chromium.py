"""The report as a person sees it, in a real browser."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import cv2
import numpy as np
import pytest
from chromium import CHROMIUM, chromium
from tiny_answers import answers_of

from cnnkit.bench.measuring.sweep import SweepPoint
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.page import html_report
from cnnkit.bench.session.summary import summarise

if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

IMAGES = 1000
WIDE = "document.documentElement.scrollWidth > document.documentElement.clientWidth"
INK = "getComputedStyle(document.body).color + ' on ' + getComputedStyle(document.body).backgroundColor"
# What overlaps among the texts of a chart, as [one, other].
OVERLAPS = """
[...document.querySelectorAll('svg')].flatMap(svg => {
  const texts = [...svg.querySelectorAll('text.label, text.name')].map(t => [t.textContent, t.getBoundingClientRect()]);
  return texts.flatMap(([name, a], i) => texts.slice(i + 1)
    .filter(([, b]) => a.left < b.right && b.left < a.right && a.top + 2 < b.bottom && b.top + 2 < a.bottom)
    .map(([other]) => [name, other]));
})
"""


@pytest.fixture(scope="module")
def browser():
    with chromium() as tab:
        yield tab


@pytest.fixture
def report(make_contender, timed, machine, tmp_path):
    """A page of three models and their original on a thousand images, some of which changed their label."""
    (tmp_path / "red").mkdir()
    for number in range(30):
        cv2.imwrite(str(tmp_path / "red" / f"{number}.png"), np.full((300, 400, 3), 8 * number, np.uint8))
    sweep = tuple(
        SweepPoint(threads, size, size / threads, size / threads, size / threads, 9)
        for threads in (1, 2, 4)
        for size in (1, 8, 64)
    )
    names = {"net function": 4.0, "net": 0.52, "net.float16": 0.5, "net.int8": 0.25}
    contenders = [make_contender(name, "original-function" if "function" in name else "model") for name in names]
    times = {name: replace(timed(ms, 700), sweep=sweep if name == "net.int8" else ()) for name, ms in names.items()}
    right = np.zeros(IMAGES, np.int64)
    predicted = dict.fromkeys(names, right) | {"net.int8": np.array([1] * 25 + [0] * (IMAGES - 25))}
    answers = answers_of(right, predicted, tuple(f"red/{number}.png" for number in range(IMAGES)))
    options = BenchOptions((Path("net.onnx"),), Path("net.keras"), tmp_path)
    path = tmp_path / "report.html"
    path.write_text(html_report(summarise(contenders, times, answers, options, machine), tmp_path), encoding="utf-8")
    return path


@pytest.fixture
def tab(browser, report):
    browser.complaints.clear()
    browser.call("Page.navigate", url=report.as_uri())
    browser.wait_for("document.readyState === 'complete' && document.title.startsWith('cnnkit bench')")
    return browser


def test_it_asks_no_network_and_is_small(tab, report):
    assert tab.evaluate("performance.getEntriesByType('resource').filter(e => !e.name.startsWith('data:')).length") == 0
    assert tab.evaluate("[...document.images].every(image => image.naturalWidth > 0)")
    assert tab.evaluate("document.images.length") == 25
    assert (tab.complaints, report.stat().st_size < 2_000_000) == ([], True)


@pytest.mark.parametrize("width", [360, 768, 1280])
def test_it_fits_every_screen(tab, width):
    tab.resize(width, 800)
    assert not tab.evaluate(WIDE)
    assert tab.evaluate(OVERLAPS) == []


def test_the_decision_is_what_is_seen_first(tab):
    tab.resize(390, 700)
    assert tab.evaluate("document.querySelector('.decision p').getBoundingClientRect().bottom") < 700
    assert tab.evaluate("document.querySelector('.decision p').textContent").startswith("Ship ")


def test_light_and_dark(tab):
    tab.scheme("light")
    light = tab.evaluate(INK)
    tab.scheme("dark")
    assert tab.evaluate(INK) != light
    tab.scheme("light")


def test_tables_that_are_wider_than_a_phone_are_reached_by_keyboard(tab):
    tab.resize(360, 800)
    tab.press("Tab", "Tab")
    assert tab.evaluate("document.activeElement.className") == "scroll"


def test_it_prints_on_paper(tab):
    pdf = tab.call("Page.printToPDF", printBackground=True)["data"]
    assert len(pdf) > 10_000
