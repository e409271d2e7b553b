"""The page as a person sees it, in a real browser."""

from __future__ import annotations

import time
from contextlib import contextmanager

import cv2
import numpy as np
import pytest
from chromium import CHROMIUM, chromium

pytest.importorskip("starlette", reason="the extra 'page' is not installed")
pytest.importorskip("uvicorn", reason="the extra 'page' is not installed")
if CHROMIUM is None:
    pytest.skip("no Chromium is installed", allow_module_level=True)

from page_client import opened_page, picture, port_of, repeating, state

from cnnkit.classifier import Candidate

SCRIPT = "<script>document.title='forged'</script><img src=x onerror=\"document.title='forged'\">"
LONG = "German short-haired pointer, " * 20
BLUE, RED = (255, 0, 0), (0, 0, 255)  # BGR


@pytest.fixture(scope="module")
def browser():
    with chromium() as tab:
        yield tab


@pytest.fixture
def page():
    with opened_page() as opened:
        opened.publish(picture(240, 320, BLUE), state("cat", frame=1))
        yield opened


@pytest.fixture
def tab(browser, page):
    """A tab that shows the page with its first picture; the page's console stays empty."""
    browser.resize(360, 800)
    browser.complaints.clear()
    browser.call("Page.navigate", url=page.address)
    browser.wait_for(f"{text('label')} === 'cat' && {pixel()} === '0,0,255'")
    yield browser
    browser.call("Page.navigate", url="about:blank")


def text(name):
    return f"document.getElementById('{name}')?.textContent"  # null while the page is loading


def pixel():
    """An expression for the colour in the middle of the picture, "R,G,B"; JPEG may be one off."""
    return (
        "(() => { const c = document.getElementById('picture'); if (!c) return '';"
        " const d = c.getContext('2d').getImageData(c.width / 2, c.height / 2, 1, 1).data;"
        " return [...d].slice(0, 3).map((v) => (v < 5 ? 0 : v > 250 ? 255 : v)).join(); })()"
    )


def kind(tab):
    return tab.evaluate("document.getElementById('frame').dataset.kind")


def test_picture_label_bars_and_rates(tab):
    assert tab.evaluate(text("confidence")) == "90.0 %"
    assert (
        tab.evaluate("document.getElementById('bars').innerText.replace(/\\s+/g, ' ').trim()")
        == "cat 90.0 % dog 10.0 %"
    )
    fills = (
        "[...document.querySelectorAll('.fill')].map((f) => f.getBoundingClientRect().width / f.parentNode.clientWidth)"
    )
    tab.wait_for(f"Math.abs(({fills})[0] - 0.9) < 0.01")
    assert tab.evaluate(fills) == pytest.approx([0.9, 0.1], abs=0.01)
    found = [tab.evaluate(text(name)) for name in ("source", "badge-words", "inference", "capture", "age", "number")]
    assert found == ["camera 0", "Live", "24.9 frames/s", "30.0 frames/s", "38 ms", "1"]
    assert tab.evaluate(text("spoken")) == "cat, 90 percent"
    assert not tab.complaints


def test_what_is_published_next_is_shown(tab, page):
    page.publish(picture(240, 320, RED), state("dog", frame=2))
    tab.wait_for(f"{text('label')} === 'dog' && {pixel()} === '255,0,0'")


@pytest.mark.parametrize(
    ("signal", "words"),
    [
        ("lost", "Signal lost"),
        ("frozen", "Picture frozen"),
        ("ended", "Ended"),
        ("waiting", "Waiting"),
        ("?", "Unknown signal"),
    ],
)
def test_without_a_live_signal_nothing_is_shown_as_if_it_were_current(tab, page, signal, words):
    page.publish(None, state("cat", signal))
    tab.wait_for(f"{text('notice-words')} === '{words}'")
    assert tab.evaluate(text("label")) == tab.evaluate(text("badge-words")) == words
    assert "cat" not in tab.evaluate("document.body.innerText") and "90" not in tab.evaluate("document.body.innerText")
    assert "grayscale" in tab.evaluate("getComputedStyle(document.getElementById('picture')).filter")
    assert tab.evaluate("document.querySelector('.notice').offsetHeight > 0")
    page.publish(None, state("cat"))
    tab.wait_for(f"{text('label')} === 'cat' && !document.querySelector('.notice').offsetHeight")


def test_a_program_that_publishes_nothing_more_is_noticed(tab):
    tab.wait_for(f"{text('badge-words')} === 'Stalled'")
    assert kind(tab) == "bad" and tab.evaluate(text("notice-detail")).startswith("Nothing new for ")


def test_a_server_that_is_gone_is_noticed_and_found_again(tab, page):
    page.close()
    tab.wait_for(f"{text('notice-words')} === 'No connection'")
    assert tab.evaluate(text("label")) == "No connection" and kind(tab) == "bad"
    with opened_page(port_of(page)) as second:
        second.publish(picture(240, 320, RED), state("dog"))
        tab.wait_for(f"{text('label')} === 'dog' && {pixel()} === '255,0,0'")


@pytest.mark.parametrize("label", [SCRIPT, LONG], ids=["script", "long"])
@pytest.mark.parametrize("width", [320, 360, 1280, 1920])
def test_any_label_is_text_and_fits_the_width(tab, page, label, width):
    tab.resize(width, 800)
    page.publish(None, state(label, top=(Candidate(label, 0.5), Candidate("dog", 0.5))))
    tab.wait_for(f"{text('label')}.length > 10")
    assert tab.evaluate(text("label")) == label
    assert tab.evaluate("document.querySelector('.name').textContent") == label
    assert tab.evaluate("document.documentElement.scrollWidth <= innerWidth")
    assert not tab.evaluate("document.querySelector('body script, img')")
    assert "forged" not in tab.evaluate("document.title")


def test_space_freezes_picture_and_label_and_lets_them_go(tab, page):
    tab.press(" ", "Space")
    assert tab.evaluate(text("pause")) == "Continue" and tab.evaluate("!document.getElementById('paused').hidden")
    page.publish(picture(240, 320, RED), state("dog", "live"))
    time.sleep(0.5)
    assert tab.evaluate(text("label")) == "cat" and tab.evaluate(pixel()) == "0,0,255"
    page.publish(None, state("dog", "lost"))
    tab.wait_for(f"{text('badge-words')} === 'Signal lost'")
    assert tab.evaluate(text("label")) == "cat"
    page.publish(None, state("dog"))
    tab.press(" ", "Space")
    tab.wait_for(f"{text('label')} === 'dog' && {pixel()} === '255,0,0'")
    assert tab.evaluate(text("pause")) == "Pause" and tab.evaluate("document.getElementById('paused').hidden")


def test_a_pause_ends_the_pictures(tab, page):
    assert page._views[0].pictures._watchers == 1
    tab.press(" ", "Space")
    deadline = time.monotonic() + 10
    while page._views[0].pictures._watchers:
        assert time.monotonic() < deadline
        time.sleep(0.05)


def test_space_on_a_button_presses_the_button_alone(tab):
    tab.evaluate("document.getElementById('help').focus()")
    tab.press(" ", "Space")
    tab.wait_for("document.getElementById('keys').open")
    assert tab.evaluate(text("pause")) == "Pause"
    tab.press("s", "KeyS")
    tab.press("?", "Slash")
    assert not tab.evaluate("document.getElementById('keys').open")


def test_the_buttons_do_what_the_keys_do(tab):
    tab.evaluate("document.getElementById('pause').click()")
    assert tab.evaluate(text("pause")) == "Continue"
    names = "[...document.querySelectorAll('.controls button')].map((b) => b.ariaLabel ?? b.textContent).join()"
    assert tab.evaluate(names) == "Continue,Save picture,Full screen,Keys"


def test_the_focus_is_seen(tab):
    tab.press("Tab", "Tab")
    assert tab.evaluate("document.activeElement.id") == "pause"
    assert tab.evaluate("getComputedStyle(document.activeElement).outlineWidth") == "3px"


def test_s_saves_the_picture_that_is_shown(tab, tmp_path):
    tab.call("Page.setDownloadBehavior", behavior="allow", downloadPath=str(tmp_path))
    tab.press("s", "KeyS")
    deadline = time.monotonic() + 10
    # Chromium gives the file its name before its last bytes, the end of the image.
    while (
        not (found := list(tmp_path.glob("cnnkit-????-??-??T??-??-??.jpg")))
        or found[0].read_bytes()[-2:] != b"\xff\xd9"
    ):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    decoded = cv2.imread(str(found[0]))
    assert decoded.shape == (240, 320, 3) and np.abs(decoded.mean(axis=(0, 1)) - BLUE).max() < 3


def test_full_screen(tab):
    tab.press("f", "KeyF")
    tab.wait_for("document.fullscreenElement !== null")
    tab.press("f", "KeyF")
    tab.wait_for("document.fullscreenElement === null")


@pytest.mark.parametrize("scheme", ["dark", "light"])
@pytest.mark.parametrize("signal", ["live", "lost", "ended"])
def test_text_has_contrast_in_both_schemes(tab, page, scheme, signal):
    tab.scheme(scheme)
    page.publish(None, state("cat", signal))
    tab.wait_for(f"{text('badge-words')} !== 'Connecting' && document.body.dataset.kind !== 'waiting'")
    time.sleep(0.3)
    colours = tab.evaluate(
        """['label', 'confidence', 'source', 'badge', 'inference', 'pause'].map((id) => {
          const element = document.getElementById(id);
          let back = element;
          while (getComputedStyle(back).backgroundColor === 'rgba(0, 0, 0, 0)') back = back.parentNode;
          return [id, getComputedStyle(element).color, getComputedStyle(back).backgroundColor];
        })"""
    )
    for name, text_colour, back in colours:
        assert contrast(text_colour, back) >= 4.5, name


def contrast(first, second):
    """The ratio of WCAG 2.2, of colours as "rgb(r, g, b)"."""
    lights = sorted(luminance(colour) for colour in (first, second))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def luminance(colour):
    values = [int(value) / 255 for value in colour.removeprefix("rgb(").removesuffix(")").split(",")]
    linear = [value / 12.92 if value <= 0.04045 else ((value + 0.055) / 1.055) ** 2.4 for value in values]
    return 0.2126 * linear[0] + 0.7152 * linear[1] + 0.0722 * linear[2]


@contextmanager
def guarded_page():
    with opened_page(token="a token of 26 characters ok") as opened:
        opened.publish(picture(240, 320, BLUE), state())
        yield opened


def test_the_token_in_the_address_is_needed_once_and_does_not_stay_there(browser):
    with guarded_page() as page:
        browser.call("Page.navigate", url=f"{page.address}?token=a+token+of+26+characters+ok")
        browser.wait_for(f"{text('label')} === 'cat' && {pixel()} === '0,0,255'")
        assert browser.evaluate("location.href") == page.address
        assert browser.evaluate("document.cookie") == ""
    browser.call("Page.navigate", url="about:blank")


def test_a_ninth_person_is_told(browser, page, monkeypatch):
    monkeypatch.setattr("cnnkit.page.streams.MOST_CLIENTS", 0)
    browser.call("Page.navigate", url=page.address)
    browser.wait_for("document.getElementById('notice-detail')?.textContent.includes('others are watching')", 20)
    browser.call("Page.navigate", url="about:blank")


def test_several_cameras_are_side_by_side_and_lead_to_their_own_pages(browser):
    cameras = ((BLUE, "live", "cat"), (RED, "live", SCRIPT), (RED, "lost", None))

    def publish(frame):
        for camera, (colour, signal, label) in enumerate(cameras):
            page.publish(picture(240, 320, colour), state(label, signal=signal, frame=frame), camera)

    with opened_page(cameras=3) as page, repeating(publish, 5):
        browser.resize(360, 800)
        browser.complaints.clear()
        browser.call("Page.navigate", url=page.address)
        browser.wait_for("document.querySelectorAll('.tile').length === 3")
        labels = "[...document.querySelectorAll('.tile .label')].map((each) => each.textContent).join('|')"
        browser.wait_for(f"{labels} === 'cat|' + {SCRIPT!r} + '|Signal lost'")
        pixels = "document.querySelector('canvas').getContext('2d').getImageData(9, 9, 1, 1).data"
        browser.wait_for(f"{pixels}[2] > 250")
        assert browser.evaluate("document.getElementById('badge-words').textContent") == "2 of 3 live"
        assert browser.evaluate("document.documentElement.scrollWidth <= window.innerWidth")
        assert browser.evaluate("document.title") == "2 of 3 live – cnnkit"
        browser.evaluate("document.querySelectorAll('.tile')[1].click()")
        browser.wait_for(
            "location.pathname === '/2/' && document.getElementById('label')?.textContent.startsWith('<script>')"
        )
        browser.call("Page.navigate", url="about:blank")
        assert browser.complaints == []
