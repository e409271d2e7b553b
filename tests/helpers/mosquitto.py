"""A real MQTT broker, Debian's Mosquitto, started, stopped and listened to."""

from __future__ import annotations

import shutil
import socket
import subprocess
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

MOSQUITTO = shutil.which("mosquitto") or shutil.which("mosquitto", path="/usr/sbin:/usr/local/sbin")


def free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as listener:
        return int(listener.getsockname()[1])


class Mosquitto:
    """The broker; what it retains survives its end.

    Args:
        folder: Where its files lie.
        certificate: Of an encrypted listener; its key lies beside it.
        login: A user and a password that it asks for.
    """

    def __init__(self, folder: Path, certificate: Path | None = None, login: tuple[str, str] | None = None) -> None:
        assert MOSQUITTO is not None
        self.port = free_port()
        lines = [f"listener {self.port} 127.0.0.1", "persistence true", f"persistence_location {folder}/", "user root"]
        if certificate is not None:
            lines += [f"certfile {certificate}", f"keyfile {certificate.with_suffix('.key')}"]
        lines += ["allow_anonymous " + ("true" if login is None else "false")]
        if login is not None:
            passwords = folder / "passwords"
            maker = Path(MOSQUITTO).parents[1] / "bin" / "mosquitto_passwd"
            subprocess.run([maker, "-b", "-c", passwords, *login], check=True, capture_output=True)
            lines.append(f"password_file {passwords}")
        self._settings = folder / "mosquitto.conf"
        self._settings.write_text("\n".join(lines) + "\n")
        self._process: subprocess.Popen[bytes] | None = None

    def start(self) -> None:
        self._process = subprocess.Popen(
            [str(MOSQUITTO), "-c", str(self._settings)], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL
        )
        deadline = time.monotonic() + 10
        while time.monotonic() < deadline:
            try:
                socket.create_connection(("127.0.0.1", self.port), 1).close()
            except OSError:
                time.sleep(0.02)
            else:
                return
        raise AssertionError("the broker did not start")

    def stop(self, *, kill: bool = False) -> None:
        if self._process is not None:
            (self._process.kill if kill else self._process.terminate)()
            self._process.wait(10)
            self._process = None


class Listener:
    """Keeps every message of all topics, across ends of the broker; its session stays with the broker."""

    def __init__(self, port: int) -> None:
        from paho.mqtt.client import Client
        from paho.mqtt.enums import CallbackAPIVersion

        self.messages: list[tuple[str, str, bool]] = []  # topic, payload, retained
        self.ready = threading.Event()
        self._client = Client(CallbackAPIVersion.VERSION2, "listener", clean_session=False)
        self._client.on_connect = lambda client, *_: client.subscribe("#", qos=1)
        self._client.on_subscribe = lambda *_: self.ready.set()
        self._client.on_message = self._note
        self._client.reconnect_delay_set(1, 1)
        self._client.connect_async("127.0.0.1", port, 30)
        self._client.loop_start()
        assert self.ready.wait(10)

    def _note(self, _: Any, __: Any, message: Any) -> None:
        self.messages.append((message.topic, message.payload.decode(), bool(message.retain)))

    def of(self, topic: str) -> list[str]:
        return [payload for name, payload, _ in self.messages if name == topic]

    def wait_for(self, topic: str, payload_part: str, seconds: float = 15.0) -> None:
        deadline = time.monotonic() + seconds
        while not any(payload_part in payload for payload in self.of(topic)):
            assert time.monotonic() < deadline, f"{payload_part} not in {self.of(topic)}"
            time.sleep(0.02)

    def close(self) -> None:
        self._client.disconnect()
        self._client.loop_stop()


@contextmanager
def broker(folder: Path, **options: Any) -> Iterator[Mosquitto]:
    running = Mosquitto(folder, **options)
    running.start()
    try:
        yield running
    finally:
        running.stop()
