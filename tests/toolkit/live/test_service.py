"""The unit that `cnnkit webcam --systemd` prints."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from configparser import ConfigParser
from pathlib import Path

import pytest
from click.testing import CliRunner

from cnnkit.cli import main
from cnnkit.live.service import quoted

ANALYZE = shutil.which("systemd-analyze")


def printed(*arguments, **environment):
    result = CliRunner(env=environment).invoke(main, ["webcam", *arguments, "--systemd"])
    assert result.exit_code == 0, result.output
    return result.stdout


def settings(text, section="Service"):
    """Name -> value; of those that stand there several times the last."""
    parser = ConfigParser(strict=False, interpolation=None, delimiters=("=",))
    parser.optionxform = str
    parser.read_string(text)
    return dict(parser[section])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        pytest.param([], "--headless --watchdog 30", id="nothing said"),
        pytest.param(["-s", "/dev/video2"], "--source /dev/video2 --headless --watchdog 30", id="short"),
        pytest.param(["--headless", "--watchdog", "9"], "--headless --watchdog 9", id="said already"),
        pytest.param(["--page", "80", "--fast"], "--fast --page 80 --watchdog 30", id="a page instead of rows"),
        pytest.param(
            ["--size", "96x128", "--scale", "1/2"], "--scale 0.5 --size 96x128 --headless --watchdog 30", id="values"
        ),
        pytest.param(
            ["--on-change", "a 'b c' $x 5%"], '--on-change "a \'b c\' $$x 5%%" --headless --watchdog 30', id="quoted"
        ),
    ],
)  # fmt: skip
def test_the_options_are_those_given(arguments, words):
    start = settings(printed(*arguments))["ExecStart"]
    program, _, rest = start.partition(" webcam ")
    assert program.endswith("/cnnkit") or program == f"{sys.executable} -m cnnkit"
    assert rest == words


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        pytest.param(["--record", "a.mp4"], "a.mp4 exists already: add --segment 10m, .* or --overwrite", id="a film"),
        pytest.param(["--segment", "10m"], "add --record FILE and --segment TIME", id="segments of nothing"),
        pytest.param(["--host", "0.0.0.0"], "add --page PORT", id="no page"),
    ],
)
def test_what_could_not_start_again_is_refused(arguments, message):
    result = CliRunner().invoke(main, ["webcam", *arguments, "--systemd"])
    assert result.exit_code == 2 and re.search(message, result.stderr) and result.stdout == ""


def test_they_are_read_back_as_they_were():
    text = printed(
        "--source",
        "0",
        "--model",
        "a.onnx",
        "--every",
        "60",
        "--roi",
        "0,0,0.5,0.5",
        "--for",
        "2s",
        "--keep-frames",
        "kept",
    )
    words = settings(text)["ExecStart"].split(" webcam ")[1].split()
    again = printed(*words)
    assert sorted(settings(again)["ExecStart"].split()) == sorted(settings(text)["ExecStart"].split())


@pytest.mark.parametrize(
    ("arguments", "environment", "variables"),
    [
        pytest.param(["-s", "rtsp://me:secret@h/s"], {}, ["SOURCE"], id="source"),
        pytest.param([], {"CNNKIT_SOURCE": "rtsp://h/s"}, ["SOURCE"], id="in the environment already"),
        pytest.param(["--webhook", "https://h/secret"], {}, ["WEBHOOK"], id="webhook"),
        pytest.param(
            ["--mqtt", "mqtt://me:secret@h/t", "--page", "0", "--host", "::", "--token", "secret" * 4], {},
            ["TOKEN", "MQTT"], id="two",
        ),
        pytest.param(["-s", "rtsp://me@h/s"], {}, [], id="none"),
    ],
)  # fmt: skip
def test_secrets_are_not_in_it(arguments, environment, variables):
    text = printed(*arguments, **environment)
    assert "secret" not in text
    assert re.findall(r"CNNKIT_(\w+)=\.\.\.", text) == variables
    assert settings(text)["EnvironmentFile"] == "-/etc/cnnkit/environment"


@pytest.mark.parametrize(
    ("arguments", "needs"),
    [
        pytest.param([], ["DeviceAllow", "PrivateNetwork"], id="camera alone"),
        pytest.param(["--page", "80"], ["DeviceAllow"], id="camera and page"),
        pytest.param(["-s", "rtsp://h/s"], ["PrivateDevices"], id="stream"),
        pytest.param(["--source-file", "camera.txt"], ["PrivateDevices"], id="source in a file"),
        pytest.param(["-s", "rtsp://h/s", "--provider", "cuda"], [], id="graphics card"),
    ],
)
def test_rights(arguments, needs):
    found = settings(printed(*arguments))
    assert [name for name in ("DeviceAllow", "PrivateDevices", "PrivateNetwork") if name in found] == needs


def test_several_cameras():
    assert "--source 0 --source 1 --headless" in printed("-s", "0", "-s", "1")
    text = printed("-s", "0", "-s", "rtsp://me:secret@h/s")
    assert "--source" not in text.partition("ExecStart")[2] and "secret" not in text
    assert "CNNKIT_SOURCE=... (in double quotes, a source a line)" in text


def test_folders():
    found = settings(
        printed("--output", "/srv/rows.jsonl", "--record", "a.mp4", "--segment", "10m", "--model", "/home/pi/a.onnx")
    )
    assert (found["ReadWritePaths"], found["ProtectHome"]) == ("/srv", "read-only")
    assert "ReadWritePaths" not in settings(printed("--output", "/var/lib/cnnkit/rows.jsonl"))


@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param(["--model", "/home/pi/a.onnx"], id="model"),
        pytest.param(["-s", "/home/pi/film.mp4"], id="film"),
        pytest.param(["-s", "0", "--on-change", "sh /home/pi/notify.sh front"], id="script"),
    ],
)
def test_homes_are_seen_where_something_in_them_is_named(arguments):
    assert settings(printed(*arguments))["ProtectHome"] == "read-only"


def test_a_page_at_a_port_of_root_may_be_there():
    low, high = (settings(printed("--page", port)) for port in ("80", "8080"))
    assert (low["AmbientCapabilities"], low["CapabilityBoundingSet"]) == ("CAP_NET_BIND_SERVICE",) * 2
    assert "AmbientCapabilities" not in high and high["CapabilityBoundingSet"] == ""


def test_it_starts_when_there_is_a_network_and_waits_longer_than_the_watchdog():
    text = printed("--watchdog", "20")
    assert (settings(text, "Unit")["Wants"], settings(text, "Unit")["After"]) == ("network-online.target",) * 2
    found = settings(text)
    assert (found["Type"], found["Restart"], found["WatchdogSec"]) == ("notify", "always", "40")
    assert found["WorkingDirectory"] == f"/var/lib/{found['StateDirectory']}"


@pytest.mark.parametrize(
    ("word", "text"),
    [
        ("a", "a"),
        ("", '""'),
        ("a b", '"a b"'),
        ("50%", '"50%%"'),
        ('"\\', '"\\"\\\\"'),
        ("a\nb", '"a\\nb"'),
        (";", '";"'),
    ],
)
def test_words_of_systemd(word, text):
    assert quoted(word) == text


@pytest.mark.skipif(ANALYZE is None, reason="systemd-analyze is not installed")
@pytest.mark.parametrize(
    "arguments",
    [
        pytest.param([], id="camera"),
        pytest.param(
            ["-s", "rtsp://h/s", "--output", "/srv/rows.jsonl", "--provider", "cuda", "--page", "80"], id="most"
        ),
    ],
)
def test_its_exposure_is_low(tmp_path, arguments):
    unit = Path(tmp_path / "cnnkit.service")
    unit.write_text(printed(*arguments))
    done = subprocess.run([ANALYZE, "security", "--offline=true", unit], capture_output=True, text=True)
    found = re.search(r"Overall exposure level for \S+: ([\d.]+)", done.stdout)
    if found is None:
        pytest.skip(f"this systemd-analyze cannot: {done.stderr}")
    assert float(found[1]) <= 4
    assert subprocess.run([ANALYZE, "verify", unit], capture_output=True, text=True).stderr == ""
