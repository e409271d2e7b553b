from __future__ import annotations

import sys
from pathlib import Path
from types import SimpleNamespace

import cv2
import numpy as np
import pytest
from hypothesis import given, strategies as st

from cnnkit.classifier import Candidate, Prediction
from cnnkit.errors import DisplayError
from cnnkit.view import Caption, check_display, enlarge, paint, window
from cnnkit.view.picture import percent
from cnnkit.view.text import OutlineFont, StrokeFont, best_font, fit, to_ascii

SIZES = [(60, 200), (240, 320), (480, 640), (1080, 1920), (640, 480), (32, 32), (8, 8), (100, 1920)]
FONTS = [pytest.param(StrokeFont, id="stroke")]
if hasattr(cv2, "FontFace"):
    FONTS.append(pytest.param(OutlineFont, id="outline"))


def prediction(*probabilities, label="automobile"):
    top = tuple(Candidate(label, value) for value in probabilities)
    return Prediction(label, top[0].probability, top)


def frame(height, width, grey=255):
    return np.full((height, width, 3), grey, np.uint8)


@pytest.fixture(params=FONTS)
def font(request, monkeypatch):
    chosen = request.param()
    monkeypatch.setattr("cnnkit.view.picture.best_font", lambda: chosen)
    return chosen


@pytest.mark.parametrize("size", SIZES, ids=lambda size: "{1}x{0}".format(*size))
@pytest.mark.parametrize("label", ["cat", "a very long name of a class, longer than any picture is wide", "猫", "a\nb"])
def test_every_size_and_label_can_be_painted(font, size, label):
    pixels = frame(*size)
    image = paint(pixels, Caption(prediction(0.9, 0.1, label=label), 24.9, 38.0))
    assert image.shape == pixels.shape and image.dtype == np.uint8
    assert (pixels == 255).all(), "the frame itself is left alone"
    assert (image != 255).any()


@pytest.mark.parametrize("size", [(240, 320), (480, 640), (1080, 1920)], ids=lambda size: "{1}x{0}".format(*size))
def test_text_has_contrast_on_the_brightest_frame(font, size):
    image = paint(frame(*size), Caption(prediction(0.9, 0.1), 24.9, 38.0))
    strip = image[: size[0] // 12]
    background, text = np.median(strip), strip.max()
    # WCAG 2.2 asks for a ratio of 4.5 between the luminances, each plus 0.05; greys here, gamma 2.2.
    ratio = ((text / 255) ** 2.2 + 0.05) / ((background / 255) ** 2.2 + 0.05)
    assert ratio > 4.5


@pytest.mark.parametrize("size", [(240, 320), (480, 640), (1080, 1920)], ids=lambda size: "{1}x{0}".format(*size))
def test_bars_are_aligned_and_as_long_as_their_probabilities(size):
    probabilities = (1.0, 0.5, 0.25, 0.0)
    image = paint(frame(*size, grey=0), Caption(prediction(*probabilities)))
    hue = image.astype(int).max(axis=2) - image.astype(int).min(axis=2) > 60  # bars alone are coloured
    rows = [row for row in np.flatnonzero(hue.any(axis=1)) if row and not hue[row - 1].any()]
    starts = [int(np.flatnonzero(hue[row])[0]) for row in rows]
    lengths = [int(hue[row].sum()) for row in rows]
    assert len(rows) == 3 and len(set(starts)) == 1
    assert lengths == pytest.approx([lengths[0] * value for value in probabilities[:3]], abs=1)
    assert lengths[0] > size[1] / 12


def test_as_many_classes_as_fit_are_listed_and_the_middle_stays_free():
    image = paint(frame(240, 320), Caption(prediction(*([0.01] * 100))))
    assert (image[50:90, :200] == 255).all()


def test_a_lost_signal_darkens_the_last_picture_and_shows_no_label():
    lost = paint(frame(480, 640), Caption(None, 24.9, 38.0))
    assert (lost[:100] < 100).all(), "no strip, no label"
    assert lost[200:280].max() > 200, "the words"


def test_rate_and_age_are_left_out_where_they_are_unknown():
    known = paint(frame(480, 640), Caption(prediction(0.9), 24.9, 38.0))
    unknown = paint(frame(480, 640), Caption(prediction(0.9)))
    right = (slice(0, 40), slice(320, 640))
    assert known[right].max() > 150 > unknown[right].max()


@pytest.mark.parametrize(
    ("size", "enlarged"),
    [
        pytest.param((120, 160), (480, 640), id="4 times"),
        pytest.param((240, 320), (480, 640), id="twice"),
        pytest.param((480, 640), (480, 640), id="as it is"),
        pytest.param((1080, 1920), (1080, 1920), id="large"),
        pytest.param((100, 1920), (100, 1920), id="wide"),
        pytest.param((144, 176), (576, 704), id="odd ratio"),
    ],
)
def test_small_frames_are_enlarged_by_whole_factors(size, enlarged):
    assert enlarge(frame(*size)).shape == (*enlarged, 3)


@pytest.mark.parametrize(
    ("text", "ascii_text"),
    [("naïve Größe", "naive Grosse"), ("猫 cat", "? cat"), ("a…", "a..."), ("Ångström", "Angstrom"), ("½", "1?2")],
)
def test_letters_that_the_stroke_font_lacks(text, ascii_text):
    assert to_ascii(text) == ascii_text


@given(st.text(max_size=40))
def test_text_becomes_printable_ascii(text):
    assert all(" " <= char <= "~" for char in to_ascii(text))


@given(text=st.text(max_size=60), width=st.integers(0, 300))
def test_fitted_text_fits_and_whole_text_is_kept(text, width):
    font = best_font()
    shown = fit(font, text, 16, width)
    assert font.width(shown, 16) <= width
    assert shown == " ".join(text.split()) or shown.endswith("…") or shown == ""


@pytest.mark.parametrize(("value", "text"), [(0.0, "0.0 %"), (0.9314, "93.1 %"), (1.0, "100.0 %")])
def test_probabilities_in_print(value, text):
    assert percent(value) == text


@pytest.mark.parametrize(
    ("information", "toolkit"),
    [
        pytest.param("  GUI:                           QT5\n    QT: YES", "QT5", id="Qt"),
        pytest.param("  GUI:                           NONE", "NONE", id="headless"),
        pytest.param("\n  GUI: \n    GTK+: YES", "", id="older"),
        pytest.param("nothing", "UNKNOWN", id="silent"),
    ],
)
def test_the_window_system_of_a_build(information, toolkit):
    assert window.gui_toolkit(information) == toolkit


def fake_cv2(monkeypatch, toolkit, folder="/nowhere"):
    cv2_like = SimpleNamespace(getBuildInformation=lambda: f"  GUI: {toolkit}", __file__=f"{folder}/__init__.py")
    monkeypatch.setattr(window, "import_cv2", lambda: cv2_like)


@pytest.mark.parametrize(
    ("toolkit", "environment", "platform", "message"),
    [
        pytest.param("NONE", {"DISPLAY": ":0"}, "linux", "was built without windows", id="headless build"),
        pytest.param("NONE", {}, "win32", "was built without windows", id="headless build elsewhere"),
        pytest.param("QT5", {}, "linux", "no display (neither DISPLAY nor WAYLAND_DISPLAY", id="no display"),
        pytest.param("GTK3", {"DISPLAY": ""}, "linux", "no display (neither DISPLAY", id="empty display"),
        pytest.param("GTK3", {"DISPLAY": ":0"}, "linux", None, id="display"),
        pytest.param("GTK3", {"WAYLAND_DISPLAY": "wayland-0"}, "linux", None, id="Wayland"),
        pytest.param("QT5", {"DISPLAY": ":0"}, "linux", None, id="a Qt of the system"),
        pytest.param("COCOA", {}, "darwin", None, id="macOS"),
        pytest.param("WIN32UI", {}, "win32", None, id="Windows"),
    ],
)
def test_displays_are_looked_for_before_a_window_is_opened(monkeypatch, toolkit, environment, platform, message):
    fake_cv2(monkeypatch, toolkit)
    if message is None:
        check_display(environment, platform)
        return
    with pytest.raises(DisplayError) as caught:
        check_display(environment, platform)
    assert message in str(caught.value) and "--headless" in str(caught.value)


def test_a_library_that_qt_needs_and_lacks_is_named(monkeypatch, tmp_path):
    plugin = tmp_path / "qt" / "plugins" / "platforms" / "libqxcb.so"
    plugin.parent.mkdir(parents=True)
    plugin.write_bytes(b"no library")
    fake_cv2(monkeypatch, "QT5", tmp_path)
    with pytest.raises(DisplayError, match=r"a system library is missing \(.*libqxcb\.so.*--headless"):
        check_display({"DISPLAY": ":0"}, "linux")


@pytest.mark.skipif(
    not (Path(cv2.__file__).parent / "qt/plugins/platforms/libqxcb.so").exists(),
    reason="this OpenCV has no Qt of its own",
)
@pytest.mark.parametrize(
    ("environment", "message"),
    [
        pytest.param({"DISPLAY": ":987"}, "no X server can be reached (DISPLAY is :987)", id="stale DISPLAY"),
        pytest.param({"WAYLAND_DISPLAY": "wayland-0"}, "this OpenCV does not know Wayland", id="Wayland alone"),
    ],
)
def test_a_display_that_does_not_answer_is_one_line_and_not_an_abort(environment, message):
    with pytest.raises(DisplayError) as caught:
        check_display(environment, sys.platform)
    assert message in str(caught.value) or "a system library is missing" in str(caught.value)


class FakeHighgui:
    """cv2's windows as a list of calls; `keys` are pressed one after the other."""

    WINDOW_NORMAL = WINDOW_KEEPRATIO = WINDOW_GUI_NORMAL = WND_PROP_VISIBLE = 0
    error = cv2.error

    def __init__(self, keys=(), visible=1.0):
        self.calls, self.keys, self.visible = [], list(keys), visible

    def __getattr__(self, name):
        return lambda *arguments: self.calls.append((name, *arguments[1:]))

    def waitKey(self, delay):
        return self.keys.pop(0) if self.keys else -1

    def getWindowProperty(self, title, which):
        if self.visible is None:
            raise cv2.error("NULL guiReceiver")
        return self.visible


@pytest.mark.parametrize(
    ("keys", "visible", "answers"),
    [
        pytest.param([-1, ord("q")], 1.0, [None, "quit"], id="q"),
        pytest.param([ord("Q")], 1.0, ["quit"], id="Q"),
        pytest.param([27], 1.0, ["quit"], id="Esc"),
        pytest.param([ord("x"), ord("q") | 0x100000], 1.0, [None, "quit"], id="q with modifiers"),
        pytest.param([ord(" "), ord("s"), ord("r")], 1.0, ["pause", "save", "record"], id="other keys"),
        pytest.param([-1], 0.0, ["quit"], id="closed"),
        pytest.param([ord("s")], None, ["quit"], id="closed, OpenCV 5"),
    ],
)
def test_what_the_window_asks_for(monkeypatch, keys, visible, answers):
    highgui = FakeHighgui(keys, visible)
    monkeypatch.setattr(window, "import_cv2", lambda: highgui)
    opened = window.Window("title")
    opened.show(frame(48, 64))
    assert [opened.command() for _ in answers] == answers


def test_a_new_window_has_the_frame_size_or_what_fits_a_screen(monkeypatch):
    highgui = FakeHighgui()
    monkeypatch.setattr(window, "import_cv2", lambda: highgui)
    opened = window.Window("title")
    opened.show(frame(1080, 1920))
    opened.show(frame(1080, 1920))
    opened.close()
    resized = [call for call in highgui.calls if call[0] == "resizeWindow"]
    assert resized == [("resizeWindow", 1280, 720)]
    assert highgui.calls[-1] == ("destroyAllWindows",)


def test_a_window_that_the_system_refuses_is_one_line(monkeypatch):
    highgui = FakeHighgui()

    def refuse(*_):
        error = cv2.error("long text")
        error.err = "Can't initialize GTK backend"
        raise error

    highgui.namedWindow = refuse
    monkeypatch.setattr(window, "import_cv2", lambda: highgui)
    with pytest.raises(DisplayError, match=r"Can't initialize GTK backend\): use --headless"):
        window.Window("title")
