from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import time
from dataclasses import replace

import cv2
import numpy as np
import pytest
from click.testing import CliRunner
from live_fakes import count_frames, write_video
from tiny_models import solid, tiny_spec

import cnnkit.runtime.onnx
from cnnkit.cli import main


def webcam(*arguments):
    return CliRunner().invoke(main, ["webcam", *map(str, arguments)])


def rows(text):
    return [json.loads(line) for line in text.splitlines()]


@pytest.fixture
def clip(tmp_path):
    """0.2 seconds of red."""
    return write_video(tmp_path / "clip.mp4", [220] * 10, rate_hz=50.0)


def test_headless_prints_a_row_for_each_frame_if_it_shall(clip, tiny_model):
    result = webcam("--source", clip, "--model", tiny_model, "--headless", "--fast", "--every", 0, "--top-k", 2)
    assert result.exit_code == 0, result.output
    printed = rows(result.stdout)
    assert [(row["frame"], row["seconds"]) for row in printed] == [(index, index / 50) for index in range(10)]
    assert {row["source"] for row in printed} == {str(clip)}
    assert list(printed[0])[:7] == ["source", "frame", "seconds", "label", "confidence", "top", "error"]
    assert list(printed[0])[7:] == ["warning", "time", "age_ms", "capture_hz", "inference_hz"]
    assert printed[0]["label"] == "red" and printed[0]["error"] is None
    assert printed[0]["confidence"] == printed[0]["top"][0]["probability"] > 0.9
    assert len(printed[0]["top"]) == 2
    assert result.stderr.startswith("10 frames classified, ")


def test_frames_are_classified_as_predict_classifies_the_picture(tmp_path, tiny_model):
    path = str(tmp_path / "blue.avi")
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (64, 48))
    writer.write(solid("blue", 48, 64)[..., ::-1].copy())
    writer.release()
    (row,) = rows(webcam("-s", path, "-m", tiny_model, "--headless", "--fast").stdout)
    assert row["label"] == "blue" and row["confidence"] > 0.9


def test_a_paced_file_takes_its_time_and_the_bundled_model_is_the_default(tmp_path, clip, tiny_model, models_folder):
    shutil.copy(tiny_model, models_folder / "tiny.int8.onnx")
    start = time.monotonic()
    result = webcam("--source", clip, "--headless", "--every", 0)
    assert result.exit_code == 0, result.output
    assert time.monotonic() - start > 0.17
    seen = [row["frame"] for row in rows(result.stdout)]
    assert seen == sorted(set(seen)) and seen[-1] == 9


def test_files_are_written_and_not_replaced_without_asking(tmp_path, clip, tiny_model):
    film, log = tmp_path / "film.mp4", tmp_path / "log.jsonl"
    call = ("-s", clip, "-m", tiny_model, "--headless", "--fast", "--every", 0, "--max-frames", 6)
    call += ("--record", film, "--output", log)
    result = webcam(*call)
    assert (result.exit_code, result.stdout) == (0, "")
    assert len(rows(log.read_text())) == 6 and count_frames(film) == 6
    before = film.read_bytes()
    log.unlink()
    refused = webcam(*call)
    assert refused.exit_code == 1
    assert refused.stderr == (
        f"cnnkit: error: {film} exists already: name another file, or pass --overwrite to replace it\n"
    )
    assert film.read_bytes() == before
    assert webcam(*call, "--overwrite").exit_code == 0 and count_frames(film) == 6


def test_what_is_recorded_is_annotated(tmp_path, clip, tiny_model):
    film = tmp_path / "film.mp4"
    webcam("-s", clip, "-m", tiny_model, "--headless", "--fast", "--record", film)
    ok, image = cv2.VideoCapture(str(film)).read()
    assert ok and image.shape == (480, 640, 3)
    assert image[:40, :200].min(axis=2).max() > 200, "white letters on red"


@pytest.mark.parametrize(
    ("arguments", "exit_code", "message"),
    [
        pytest.param(["--source", "987"], 1, "camera 987 cannot be opened: ", id="no camera"),
        pytest.param(["--source", "no.mp4"], 1, "no.mp4 cannot be opened (No such file", id="no file"),
        pytest.param(["--source", "text.mp4"], 1, "text.mp4 is a text file, expected a video file", id="text"),
        pytest.param(["--source", "empty.mp4"], 1, "empty.mp4 is empty, expected a video file", id="empty"),
        pytest.param(["--source", "noise.mp4"], 1, "noise.mp4 is no video that can be read", id="noise"),
        pytest.param(["--record", "a.txt"], 1, "cannot record to a.txt: expected a file name that ends", id="suffix"),
        pytest.param(["--record", "no/a.mp4"], 1, "the folder no does not exist", id="folder of the recording"),
        pytest.param(["--output", "no/a.jsonl"], 1, "the folder no does not exist", id="folder of the rows"),
        pytest.param(["--record", "clip.mp4", "--overwrite"], 2, "is the source itself", id="source recorded over"),
        pytest.param(["--record", "a.avi", "--output", "a.avi"], 2, "both name a.avi", id="one file for both"),
        pytest.param(["--model", "text.mp4"], 1, "text.mp4 is no ONNX model", id="no model"),
        pytest.param(["--max-frames", "0"], 2, "'--max-frames'", id="no frames"),
    ],
)
def test_what_goes_wrong_is_one_line(tmp_path, clip, tiny_model, monkeypatch, arguments, exit_code, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "text.mp4").write_text("hello\n" * 100)
    (tmp_path / "empty.mp4").touch()
    (tmp_path / "noise.mp4").write_bytes(bytes(number * 7919 % 256 for number in range(9999)))
    names = set(os.listdir())
    source = () if "--source" in arguments else ("--source", "clip.mp4")
    result = webcam(*source, "--model", tiny_model, "--headless", *arguments)
    assert result.exit_code == exit_code, result.output
    assert message in result.stderr and result.stdout == ""
    if exit_code == 1:
        assert result.stderr.startswith("cnnkit: error: ") and result.stderr.count("\n") == 1
    assert set(os.listdir()) == names, "nothing is left behind"


def test_fast_is_for_files(monkeypatch, tiny_model):
    from live_fakes import FakeCapture

    from cnnkit.sources.moving import Opened
    from cnnkit.sources.video import Video

    opened = Opened(FakeCapture([1]), 30.0)
    monkeypatch.setattr("cnnkit.live.videos.open_video", lambda address, opening: Video(address, opened))
    result = webcam("--headless", "--fast", "--model", tiny_model)
    assert result.exit_code == 2
    assert result.stderr == "cnnkit: error: --fast is for video files, camera 0 is live: leave --fast out\n"


def test_without_a_display_it_says_so_and_goes_on_headless(clip, tiny_model):
    environment = {name: value for name, value in os.environ.items() if name not in ("DISPLAY", "WAYLAND_DISPLAY")}
    if not sys.platform.startswith("linux"):
        pytest.skip("other systems always have a display")
    command = [sys.executable, "-m", "cnnkit", "webcam", "--source", clip, "--model", tiny_model]
    done = subprocess.run(command, env=environment, capture_output=True, text=True)
    assert done.returncode == 0
    assert [row["label"] for row in rows(done.stdout)] == ["red"]
    warning, summary = done.stderr.splitlines()
    assert warning.startswith("cnnkit: warning: ") and warning.endswith("; going on as with --headless")
    assert " classified" in summary


def test_a_row_comes_with_each_change(tmp_path, tiny_model):
    video = write_video(tmp_path / "long.avi", [220] * 30, rate_hz=50.0)
    result = webcam("-s", video, "-m", tiny_model, "--headless", "--fast")
    assert [(row["frame"], row["label"]) for row in rows(result.stdout)] == [(0, "red")]
    due = webcam("-s", video, "-m", tiny_model, "--headless", "--fast", "--every", 0.2)
    assert [row["frame"] for row in rows(due.stdout)] == [0, 10, 20]


def test_the_label_below_the_least_confidence_is_unknown(clip, tiny_model):
    result = webcam("-s", clip, "-m", tiny_model, "--headless", "--fast", "--min-confidence", 0.999)
    assert [row["label"] for row in rows(result.stdout)] == ["unknown"]


def test_a_part_of_the_picture(tmp_path, tiny_model):
    path = str(tmp_path / "halves.avi")
    image = np.zeros((48, 64, 3), np.uint8)
    image[:, :32], image[:, 32:] = (255, 0, 0), (0, 0, 255)
    writer = cv2.VideoWriter(path, cv2.VideoWriter_fourcc(*"MJPG"), 25.0, (64, 48))
    writer.write(image)
    writer.release()
    for part, label in (("0,0,20,48", "blue"), ("0.6,0,0.4,1", "red")):
        (row,) = rows(webcam("-s", path, "-m", tiny_model, "--headless", "--fast", "--roi", part).stdout)
        assert row["label"] == label
    beyond = webcam("-s", path, "-m", tiny_model, "--headless", "--fast", "--roi", "0.6,0,0.6,1")
    assert beyond.exit_code == 0 and beyond.stderr.splitlines()[0] == (
        f"cnnkit: warning: --roi reaches beyond the picture of 64 x 48 pixels of {path}: the 26 x 48 pixels inside it "
        "are classified"
    )
    outside = webcam("-s", path, "-m", tiny_model, "--headless", "--fast", "--roi", "64,0,9,9")
    assert (outside.exit_code, outside.stderr.count("\n")) == (1, 1)
    assert "--roi lies outside the picture of 64 x 48 pixels" in outside.stderr
    assert webcam("-s", path, "-m", tiny_model, "--headless", "--roi", "left").exit_code == 2


def test_cameras_are_listed(monkeypatch):
    from cnnkit.sources.cameras import Camera

    monkeypatch.setattr(
        "cnnkit.live.camera_list.list_cameras", lambda: [Camera("/dev/video0", "HD\nWebcam", "/dev/v4l/by-id/usb-HD")]
    )
    assert webcam("--list").stdout == (
        "source       camera      name that stays\n/dev/video0  HD\\nWebcam  /dev/v4l/by-id/usb-HD\n"
    )
    monkeypatch.setattr("cnnkit.live.camera_list.list_cameras", list)
    nothing = webcam("--list")
    assert (nothing.exit_code, nothing.stdout) == (1, "")
    assert nothing.stderr.startswith("cnnkit: error: no camera was found")


def test_rows_are_added_to_those_of_earlier_runs(tmp_path, clip, tiny_model):
    log = tmp_path / "log.jsonl"
    call = ("-s", clip, "-m", tiny_model, "--headless", "--fast", "--output", log, "--append")
    assert webcam(*call).exit_code == 0
    with log.open("a") as file:
        file.write('{"source": "half a')  # as after a power cut
    assert webcam(*call).exit_code == 0
    assert [row["label"] for row in rows(log.read_text())] == ["red", "red"]
    for wrong in (("--append",), ("--append", "--output", "-"), ("--append", "--output", log, "--overwrite")):
        assert webcam("-s", clip, "-m", tiny_model, "--headless", *wrong).exit_code == 2


def test_a_provider_that_answers_golden_images_differently_is_said(clip, make_model, monkeypatch):
    monkeypatch.setattr(cnnkit.runtime.onnx, "used_provider", lambda session: "openvino")
    spec = tiny_spec()
    golden = tuple(replace(image, probabilities=image.probabilities[::-1]) for image in spec.golden)
    result = webcam("-s", clip, "-m", make_model(spec=replace(spec, golden=golden)), "--headless", "--fast")
    assert result.exit_code == 0 and rows(result.stdout)
    assert result.stderr.count("tiny.onnx with --provider openvino: the golden images are answered differently: ") == 1


@pytest.mark.parametrize("codec", ["mjpeg", "h264"])
def test_a_stream_on_stdin(tmp_path, tiny_model, codec):
    if codec == "mjpeg":
        stream = cv2.imencode(".jpg", solid("red", 48, 64)[..., ::-1])[1].tobytes() * 20
    else:
        pytest.importorskip("av")
        from rtsp_server import Encoder, stamped

        encoder = Encoder(25)
        stream = b"".join(encoder.encode(stamped(0, 200 + number), number * 3600) for number in range(50))
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", "-", "-m", tiny_model, "--headless", "--frozen", "0"]
    done = subprocess.run(command, input=stream, capture_output=True, check=False)
    assert done.returncode == 0, done.stderr
    assert [(row["source"], row["label"]) for row in rows(done.stdout.decode())] == [("stdin", "red")]


def test_stdin_that_is_empty_is_one_line(tiny_model):
    command = [sys.executable, "-m", "cnnkit", "webcam", "-s", "-", "-m", tiny_model, "--headless"]
    done = subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (
        1, "cnnkit: error: stdin is empty: the program before the pipe has ended\n",
    )  # fmt: skip


def test_cameras_are_asked_as_the_options_say(monkeypatch, tiny_model):
    asked = []
    monkeypatch.setattr("cnnkit.sources.video.open_device", lambda *arguments: asked.append(arguments))
    webcam("-s", "3", "-m", tiny_model, "--camera-format", "mjpg", "--camera-size", "1280x720", "--camera-fps", "30")
    assert [(device, str(wanted)) for device, _, wanted in asked] == [(3, "MJPG 1280x720 at 30 frames/s")]
    assert webcam("--camera-format", "jpeg5").exit_code == 2
