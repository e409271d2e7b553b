from __future__ import annotations

import re
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import cv2
import numpy as np
import pytest
from tiny_answers import answers_of
from tiny_models import TINY_SPEC

from cnnkit.bench.judging.decision import decide
from cnnkit.bench.options import BenchOptions
from cnnkit.bench.report.charts import Point, accuracy_chart, latency_chart
from cnnkit.bench.report.page import html_report
from cnnkit.bench.session.summary import summarise
from cnnkit.spec import Quantization

IMAGES = 2000
EVIL = '<script>alert("x")</script>'


@pytest.fixture
def measure(make_contender, timed, machine, tmp_path):
    """Makes a run: name -> milliseconds and how many answers are wrong; the first is the original."""

    def make(spec=TINY_SPEC, data=True, **models):
        contenders = [make_contender("net function", "original-function", spec)]
        contenders += [make_contender(name, spec=spec) for name in models]
        times = {"net function": timed(4.0, 100)} | {name: timed(ms, 100) for name, (ms, _) in models.items()}
        predicted = {"net function": np.zeros(IMAGES, np.int64)}
        predicted |= {name: np.array([1] * wrong + [0] * (IMAGES - wrong)) for name, (_, wrong) in models.items()}
        images = tuple(f"red/{number}.png" for number in range(IMAGES))
        answers = answers_of(np.zeros(IMAGES, np.int64), predicted, images) if data else None
        options = BenchOptions((Path("net.onnx"),), Path("net.keras"), tmp_path if data else None)
        return summarise(contenders, times, answers, options, machine)

    return make


@pytest.mark.parametrize(
    ("models", "ship", "said"),
    [
        pytest.param({"float": (1.0, 0), "int8": (0.5, 1)}, "int8", "int8 is 2.00 times as fast as float", id="faster"),
        pytest.param(
            {"float": (1.0, 0), "int8": (1.0, 1)}, "float", "not measurably faster than int8", id="not faster"
        ),
        pytest.param(
            {"float": (1.0, 0), "int8": (0.5, 200)},
            "float",
            "int8 is left out: it loses more than 0.5 points",
            id="wrong",
        ),
        pytest.param({"int8": (0.5, 200)}, "int8", "int8 is the most accurate of the models here", id="none is right"),
    ],
)
def test_what_to_ship(measure, models, ship, said):
    decision = decide(measure(**models))
    assert decision.ship == ship
    assert any(said in reason for reason in decision.reasons), decision.reasons


@pytest.mark.parametrize("order", [("int8", "float"), ("float", "int8")])
def test_the_order_of_the_models_decides_nothing(make_contender, timed, machine, order):
    """The float model is what others are compared with, wherever it stands; 400 images are too few to tell."""
    quantized = replace(TINY_SPEC, quantization=Quantization("QDQ", 8, "0" * 64, "a CPU"))
    contenders = [make_contender(name, spec=quantized if name == "int8" else TINY_SPEC) for name in order]
    times = {"int8": timed(0.5, 100), "float": timed(1.0, 100)}
    predicted = {"float": np.zeros(400, np.int64), "int8": np.array([1] + [0] * 399)}
    answers = answers_of(np.zeros(400, np.int64), predicted, tuple(f"red/{number}.png" for number in range(400)))
    run = summarise(contenders, times, answers, BenchOptions((Path("net.onnx"),)), machine)
    assert [(found.contender, found.reference) for found in run.comparisons] == [("int8", "float")]
    decision = decide(run)
    assert decision.ship == "float"
    assert any("int8 is left out: 400 images are too few to tell" in reason for reason in decision.reasons)
    assert not any(reason.startswith("float is left out") for reason in decision.reasons)


def test_a_model_that_says_the_same_on_few_images_is_not_left_out(make_contender, timed, machine):
    contenders = [make_contender("net function", "original-function"), make_contender("a"), make_contender("b")]
    times = {"net function": timed(4.0, 100), "a": timed(1.0, 100), "b": timed(0.5, 100)}
    right = np.zeros(40, np.int64)
    answers = answers_of(right, dict.fromkeys(times, right), tuple(map(str, range(40))))
    decision = decide(summarise(contenders, times, answers, BenchOptions((Path("a.onnx"),)), machine))
    assert decision.ship == "b" and not any("left out" in reason for reason in decision.reasons)


def test_without_a_model_there_is_no_decision(make_contender, timed, machine):
    original = make_contender("net predict", "original-predict")
    run = summarise([original], {"net predict": timed(4.0, 100)}, None, BenchOptions((Path("a.onnx"),)), machine)
    assert decide(run) is None and "no model was timed" in html_report(run)


def test_other_runtimes_are_compared_and_not_shipped(make_contender, timed, machine):
    contenders = [make_contender("a"), replace(make_contender("a OpenVINO"), runtime="openvino")]
    other = timed(0.5, 100)
    other = replace(other, loaded=replace(other.loaded, runtime="openvino 2026 (cpu)"))
    run = summarise(contenders, {"a": timed(1.0, 100), "a OpenVINO": other}, None, BenchOptions((Path("a"),)), machine)
    decision = decide(run)
    assert decision.ship == "a"
    assert not decision.known and decision.headline == "Fastest: a, accuracy unknown"
    assert decision.reasons[1] == "a OpenVINO is 2.00 times as fast as a, in a runtime that cnnkit predict does not use"


def test_what_another_runtime_loses_is_said_and_a_restless_machine_too(make_contender, timed, machine):
    contenders = [make_contender("a"), replace(make_contender("a OpenVINO"), runtime="openvino")]
    other = replace(timed(1.0, 100), loaded=replace(timed(1.0, 100).loaded, runtime="openvino 2026 (cpu)"))
    answers = answers_of(
        np.zeros(1000, int),
        {"a": np.zeros(1000, int), "a OpenVINO": np.arange(1000) // 950},
        tuple(map(str, range(1000))),
    )
    options = BenchOptions((Path("a"),))
    run = summarise(contenders, {"a": timed(1.0, 100), "a OpenVINO": other}, answers, options, machine)
    *_, elsewhere, doubt = decide(replace(run, disturbances=("heat",))).reasons
    assert elsewhere.startswith(
        "a OpenVINO is about as fast, in a runtime that cnnkit predict does not use; it loses 5.00"
    )
    assert doubt == "the machine was not quiet: measure again before you rely on the times"


def test_a_thumbnail_is_not_taken_from_outside_the_data_folder(measure, tmp_path):
    cv2.imwrite(str(tmp_path / "secret.png"), np.zeros((8, 8, 3), np.uint8))
    (tmp_path / "data").mkdir()
    run = measure(float=(1.0, 1))
    (comparison,) = run.comparisons
    for name in ("../secret.png", str(tmp_path / "secret.png")):
        change = replace(comparison.changes[0], image=name)
        forged = replace(run, comparisons=(replace(comparison, changes=(change,)),))
        assert "<img" not in html_report(forged, tmp_path / "data")


def test_without_images_the_decision_says_what_is_missing(measure):
    decision = decide(measure(data=False, float=(1.0, 0), int8=(0.5, 0)))
    assert decision.ship == "int8"
    assert "its accuracy was not measured: add --data before you ship it" in decision.reasons


class Reader(HTMLParser):
    """Collects tags, what they refer to, and text."""

    def __init__(self, text):
        super().__init__()
        self.tags, self.references, self.text = [], [], []
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.references += [value for name, value in attrs if name in ("src", "href", "srcset", "action")]

    def handle_data(self, data):
        self.text.append(data)


def test_a_page_is_whole_small_and_asks_nobody(measure, tmp_path):
    (tmp_path / "red").mkdir()
    for number in range(30):
        cv2.imwrite(str(tmp_path / "red" / f"{number}.png"), np.full((300, 400, 3), number, np.uint8))
    page = html_report(measure(float=(1.0, 0), int8=(0.5, 2)), tmp_path)
    reader = Reader(page)
    assert len(page) < 2_000_000
    assert reader.tags.count("svg") == 2 and reader.tags.count("img") == 2
    assert all(reference.startswith("data:image/jpeg;base64,") for reference in reader.references)
    assert not re.search(r"url\(|@import|<script|<link", page)
    text = " ".join(reader.text)
    assert text.index("Ship int8") < text.index("Accuracy against latency") < text.index("Test CPU (2 cores")
    assert "int8 and net function differ on 2 images" in text


def test_names_from_a_file_are_text(measure):
    spec = TINY_SPEC.__class__(labels=(EVIL, "green", "blue"), input=TINY_SPEC.input)
    page = html_report(measure(spec, **{"<b>": (1.0, 3)}))
    assert EVIL not in page and "&lt;script&gt;" in page and "<b>" not in page


def test_a_page_without_images_and_original(make_contender, timed, machine):
    run = summarise([make_contender("net")], {"net": timed(0.5, 662)}, None, BenchOptions((Path("net.onnx"),)), machine)
    page = html_report(run)
    assert "Fastest: net, accuracy unknown" in page and "Accuracy against latency" not in page


def test_charts_are_xml_that_says_what_it_shows():
    rng = np.random.default_rng(0)
    times = {"a & b": rng.gamma(9, 0.1, 500), "c": rng.gamma(9, 3.0, 500), "constant": np.full(20, 2.0)}
    points = [Point("a & b", 0.9, 0.9, 0.88, 0.92, True), Point("c", 27.0, 0.91, 0.89, 0.93, False)]
    for chart in (latency_chart(times, "c"), accuracy_chart(points), accuracy_chart(points[:1])):
        root = ElementTree.fromstring(chart)
        assert root.attrib["role"] == "img"
        titles = [title.text for title in root.iter("title")]
        assert any(title.startswith("a & b: ") for title in titles)
        attributes = [pair for node in root.iter() for pair in node.attrib.items()]
        numbers = [float(value) for name, value in attributes if name in ("x", "x1", "x2", "cx")]
        assert min(numbers) >= 0 and max(numbers) <= 720


def test_a_model_that_was_not_classified_is_not_shipped(make_contender, timed, machine):
    contenders = [make_contender(name) for name in ("a", "b")]
    answers = answers_of(np.zeros(50, int), {"a": np.zeros(50, int)}, tuple(map(str, range(50))))
    times = {"a": timed(2.0, 100), "b": timed(1.0, 100)}
    decision = decide(summarise(contenders, times, answers, BenchOptions((Path("a"),)), machine))
    assert decision.ship == "a" and "b did not classify" in decision.reasons[-1]


def test_too_few_rounds_make_nothing_faster(make_contender, timed, machine):
    contenders = [make_contender(name) for name in ("a", "b")]
    times = {"a": replace(timed(2.0, 8), latency_runs=(2,) * 4), "b": replace(timed(1.0, 8), latency_runs=(2,) * 4)}
    decision = decide(summarise(contenders, times, None, BenchOptions((Path("a"),)), machine))
    assert decision.reasons[0] == "b is not measurably faster than a: either will do"
    page = html_report(summarise(contenders, times, None, BenchOptions((Path("a"),)), replace(machine, cpu="A<b>")))
    assert "A&lt;b&gt;" in page and "measured with cnnkit 1" in page
