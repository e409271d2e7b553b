"""Changes through a real Mosquitto, where it is installed (Debian: apt install mosquitto)."""

from __future__ import annotations

import json
import logging
import subprocess
import sys
import time
from contextlib import closing

import pytest

pytest.importorskip("paho.mqtt")

from mosquitto import MOSQUITTO, Listener, broker, free_port
from tls_server import OPENSSL, self_signed

from cnnkit.errors import UsageError
from cnnkit.live.actions import delivery as delivery_module
from cnnkit.live.actions.broker import Broker, topic_for, topic_of
from cnnkit.live.actions.delivery import Delivery
from cnnkit.live.actions.discovery import discoveries
from cnnkit.system import TypedAddress

needs_mosquitto = pytest.mark.skipif(MOSQUITTO is None, reason="mosquitto is not installed")


@pytest.fixture
def said(caplog, monkeypatch):
    monkeypatch.setattr(logging.getLogger("cnnkit"), "propagate", True)
    caplog.set_level(logging.INFO, "cnnkit")
    return lambda: [record.getMessage() for record in caplog.records]


def opened(address, announced=None, *, insecure=False):
    broker = Broker(TypedAddress(address), announced or {}, insecure=insecure)
    return Delivery("--mqtt", broker.deliver, hurry=broker.hurry, end=broker.close)


@needs_mosquitto
@pytest.mark.slow
def test_state_availability_and_discovery(tmp_path, said):
    with broker(tmp_path) as mosquitto:
        address = f"mqtt://127.0.0.1:{mosquitto.port}/home/front door"
        with closing(Listener(mosquitto.port)) as listener:
            delivery = opened(address, discoveries("home/front door", ["camera 0"]))
            delivery.take({"label": "cat", "confidence": 0.9, "error": None})
            listener.wait_for("home/front door", '"cat"')
            delivery.close()
            listener.wait_for("home/front door/availability", "offline")
            assert listener.of("home/front door/availability") == ["online", "offline"]
            found = {name: json.loads(text) for name, text, _ in listener.messages if name.endswith("/config")}
            assert sorted(name.split("/")[1] + "/" + name.split("/")[3] for name in found) == [
                "binary_sensor/signal", "sensor/confidence", "sensor/label",
            ]  # fmt: skip
            assert {each["state_topic"] for each in found.values()} == {"home/front door"}
            assert {each["availability_topic"] for each in found.values()} == {"home/front door/availability"}
        with closing(Listener(mosquitto.port)) as late:
            late.wait_for("home/front door", '"cat"')
    assert not [line for line in said() if "lost" in line]


@needs_mosquitto
@pytest.mark.slow
@pytest.mark.parametrize("kill", [False, True], ids=["stopped", "killed"])
def test_a_broker_that_goes_and_comes_loses_nothing(tmp_path, said, kill):
    with broker(tmp_path) as mosquitto:
        listener = Listener(mosquitto.port)
        delivery = opened(f"mqtt://127.0.0.1:{mosquitto.port}/door")
        for number in range(90):
            delivery.take({"number": number})
            time.sleep(0.05)
            if number == 30:
                mosquitto.stop(kill=kill)
            if number == 60:
                mosquitto.start()
        listener.wait_for("door", '"number": 89')
        delivery.close()
        listener.wait_for("door/availability", "offline")
        listener.close()
    told = [json.loads(text) for name, text, retained in listener.messages if name == "door" and not retained]
    once = {each["number"]: each for each in told}
    assert sorted(once) == list(range(90))
    ids = [each["id"] for each in told]
    doubled = [each for each in told if ids.count(each["id"]) > 1]
    assert all(any(one["repeated"] for one in told if one["id"] == each["id"]) for each in doubled) or any(
        "may have arrived twice" in line for line in said()
    )
    name = f"mqtt://127.0.0.1:{mosquitto.port}/door"
    assert [line for line in said() if line.startswith(name)] == [
        f"{name} has gone: changes wait until it is back", f"{name} is back",
    ]  # fmt: skip


@needs_mosquitto
@pytest.mark.slow
def test_the_last_will_of_a_process_that_is_killed(tmp_path):
    with broker(tmp_path) as mosquitto, closing(Listener(mosquitto.port)) as listener:
        code = (
            "import time; from cnnkit.live.actions.broker import Broker; from cnnkit.system import TypedAddress; "
            f"Broker(TypedAddress('mqtt://127.0.0.1:{mosquitto.port}/door'), {{}}, insecure=False); time.sleep(60)"
        )
        process = subprocess.Popen([sys.executable, "-c", code])
        listener.wait_for("door/availability", "online")
        process.kill()
        process.wait()
        listener.wait_for("door/availability", "offline")


@needs_mosquitto
@pytest.mark.slow
@pytest.mark.skipif(OPENSSL is None, reason="openssl makes the certificate")
@pytest.mark.filterwarnings("ignore::pytest.PytestUnraisableExceptionWarning")  # paho forgets to close a socket
def test_password_and_certificate(tmp_path, said, monkeypatch):
    certificate = self_signed(tmp_path)
    monkeypatch.setattr(delivery_module, "END_S", 1.0)
    with broker(tmp_path, certificate=certificate, login=("me", "s/e#cret")) as mosquitto:
        place = f"localhost:{mosquitto.port}/door"
        for address, insecure, lost in [
            (f"mqtts://me:s/e#cret@{place}", False, 1),
            (f"mqtts://me:wrong@{place}", True, 1),
            (f"mqtts://me:s/e#cret@{place}", True, 0),
        ]:
            delivery = opened(address, insecure=insecure)
            delivery.take({"label": "cat"})
            if not lost:
                time.sleep(1)
            delivery.close()
            assert delivery.lost == lost, (address, said())
        monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
        delivery = opened(f"mqtts://me:s/e#cret@{place}")
        delivery.take({"label": "cat"})
        time.sleep(1)
        delivery.close()
        assert delivery.lost == 0
    text = "\n".join(said())
    assert "the broker refuses the connection (not authorized)" in text
    assert "cannot be reached, its certificate is not trusted (self-signed certificate" in text
    assert "cret" not in text and "wrong" not in text


def test_a_broker_that_is_not_there_holds_up_nothing(said, monkeypatch):
    monkeypatch.setattr(delivery_module, "END_S", 0.2)
    start = time.monotonic()
    delivery = opened(f"mqtt://me:secret@127.0.0.1:{free_port()}/door")
    delivery.take({"label": "cat"})
    delivery.take({"label": "dog"})
    time.sleep(0.2)
    delivery.close()
    assert time.monotonic() - start < 3
    assert said()[0].endswith("/door: the password travels unencrypted: take mqtts where the broker has it")
    assert [line.partition("/door ")[2] for line in said() if "changes wait" in line] == [
        "cannot be reached: changes wait until it can"
    ]
    assert said()[-1] == "--mqtt: 2 changes are lost" and "secret" not in "".join(said())


@pytest.mark.parametrize(
    ("typed", "topic"),
    [
        ("mqtt://host/door", "door"),
        ("mqtts://me:p#w@host:8883/home/front%20door/", "home/front door"),
        ("mqtt://[::1]/a/b", "a/b"),
    ],
)
def test_topics(typed, topic):
    assert topic_of(TypedAddress(typed)) == topic


@pytest.mark.parametrize(
    ("typed", "message"),
    [
        ("mqtt://me:secret@host/", "names no topic"),
        ("mqtt://me:secret@host/a/+/b", "names no topic"),
        ("mqtt://me:secret@host/$SYS/a", "names no topic"),
        ("http://me:secret@host/a", "expected an address such as mqtts://"),
        ("me:secret@host/a", "is no address"),
        ("mqtt://me:secret@/a", "is no address"),
        ("mqtt://me:secret@h..x/a", "is no address"),
    ],
)
def test_what_is_no_topic(typed, message):
    with pytest.raises(UsageError, match=message) as caught:
        topic_of(TypedAddress(typed))
    assert "secret" not in str(caught.value)


def test_several_cameras_have_a_topic_each():
    assert [topic_for("home/door", camera) for camera in (None, 1, 2)] == ["home/door", "home/door/1", "home/door/2"]
    told = {name: json.loads(text) for name, text in discoveries("home/door", ["front", "yard"]).items()}
    assert len(told) == 6 and {each["state_topic"] for each in told.values()} == {"home/door/1", "home/door/2"}
    assert {each["availability_topic"] for each in told.values()} == {"home/door/availability"}
