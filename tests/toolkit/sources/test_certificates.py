from __future__ import annotations

import json
import os
import time
from http.server import BaseHTTPRequestHandler

import cv2
import pytest
from click.testing import CliRunner
from live_fakes import picture
from tls_server import OPENSSL, self_signed, serving

from cnnkit.cli import main
from cnnkit.sources import web
from cnnkit.sources.address import parse_address
from cnnkit.sources.certificates import checked_by_opencv, tls_options

needs_openssl = pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificates")
JPEG = cv2.imencode(".jpg", picture(220))[1].tobytes()


class Camera(BaseHTTPRequestHandler):
    """A picture, or a stream of them."""

    def do_GET(self):
        self.send_response(200)
        if self.path.endswith(".jpg"):
            self.send_header("Content-Length", str(len(JPEG)))
            self.end_headers()
            self.wfile.write(JPEG)
            return
        self.send_header("Content-Type", "multipart/x-mixed-replace; boundary=frame")
        self.end_headers()
        for _ in range(60):
            self.wfile.write(b"--frame\r\nContent-Type: image/jpeg\r\nContent-Length: %d\r\n\r\n" % len(JPEG))
            self.wfile.write(JPEG + b"\r\n")
            time.sleep(0.02)

    def log_message(self, *_):
        pass


@pytest.fixture(scope="module")
def certificates(tmp_path_factory):
    folder = tmp_path_factory.mktemp("certificates")
    return {host: self_signed(folder, host) for host in ("localhost", "other.example")}


def predict(port, model, *options):
    call = ["predict", f"https://me:secret@localhost:{port}/a.jpg", "--model", str(model), "--format", "jsonl"]
    return CliRunner().invoke(main, [*call, *options])


def webcam(port, model, *options):
    call = ["webcam", "-s", f"https://me:secret@localhost:{port}/a.mjpg", "--model", str(model), "--headless"]
    return CliRunner().invoke(main, [*call, "--max-frames", "1", "--frozen", "0", *options])


@needs_openssl
@pytest.mark.parametrize("command", [predict, webcam], ids=["predict", "webcam"])
@pytest.mark.parametrize(
    ("host", "trusted", "options", "why"),
    [
        pytest.param("localhost", False, [], "its certificate is not trusted (self-signed certificate)", id="stranger"),
        pytest.param("localhost", False, ["--insecure"], None, id="insecure"),
        pytest.param("localhost", True, [], None, id="trusted"),
        pytest.param("other.example", True, [], "its certificate is not trusted (Hostname mismatch", id="other host"),
    ],
)
def test_certificates(command, certificates, tiny_model, monkeypatch, host, trusted, options, why):
    web._opener.cache_clear()  # it knows what was trusted before
    if trusted:
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates[host]))
    with serving(Camera, certificates[host]) as port:
        result = command(port, tiny_model, *options)
    row = json.loads(result.stdout) if result.stdout else {"error": result.stderr, "label": None}
    assert "secret" not in result.output and "Traceback" not in result.output
    if why is None:
        assert (result.exit_code, row["label"], row["error"]) == (0, "red", None), result.output
        assert ("certificates are not checked (--insecure)" in result.stderr) == bool(options)
    else:
        assert (result.exit_code, row["label"]) == (1, None)
        assert why in row["error"] and "--insecure takes it all the same" in row["error"]


@needs_openssl
@pytest.mark.parametrize("reader", ["PyAV", "OpenCV"])
def test_ffmpeg_checks_as_well(certificates, tiny_model, monkeypatch, reader):
    """Which also counts for what an address leads to."""
    if reader == "PyAV":
        pytest.importorskip("av")
    monkeypatch.setattr("cnnkit.sources.moving.decoded.is_installed", lambda: reader == "PyAV")
    monkeypatch.setattr("cnnkit.sources.moving.opening.check_certificate", lambda address: None)
    monkeypatch.setattr("cnnkit.sources.moving.opening.open_pictures", lambda *_: None)
    with serving(Camera, certificates["localhost"]) as port:
        assert webcam(port, tiny_model).exit_code == 1
        monkeypatch.setenv("SSL_CERT_FILE", str(certificates["localhost"]))
        assert webcam(port, tiny_model).exit_code == 0


@pytest.mark.parametrize(
    ("text", "insecure", "checked"),
    [
        ("https://host/a", False, True),
        ("rtsps://host/a", False, True),
        ("HTTPS://host/a", False, True),
        ("https://host/a", True, False),
        ("http://host/a", False, False),
        ("rtsp://host/a", False, False),
        ("0", False, False),
    ],
)
def test_options_of_ffmpeg(monkeypatch, tmp_path, text, insecure, checked):
    bundle = tmp_path / "bundle.pem"
    bundle.touch()
    monkeypatch.setenv("SSL_CERT_FILE", str(bundle))
    monkeypatch.delenv("OPENCV_FFMPEG_CAPTURE_OPTIONS", raising=False)
    address = parse_address(text, insecure=insecure)
    assert tls_options(address) == ({"tls_verify": "1", "ca_file": str(bundle)} if checked else {})
    with checked_by_opencv(address):
        said = os.environ.get("OPENCV_FFMPEG_CAPTURE_OPTIONS")
    assert said == (f"rtsp_flags;prefer_tcp|tls_verify;1|ca_file;{bundle}" if checked else None)
    assert "OPENCV_FFMPEG_CAPTURE_OPTIONS" not in os.environ
