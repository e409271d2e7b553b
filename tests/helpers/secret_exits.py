"""All that cnnkit says of an address, to whomever: gathered, without a network, a camera, a display or a process."""

from __future__ import annotations

import json
import logging
import os
import re
import shutil
import socket
import tempfile
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import ExitStack, contextmanager
from functools import cache, partial
from pathlib import Path
from types import SimpleNamespace
from typing import Any
from unittest.mock import patch

from click.testing import CliRunner
from live_fakes import FakeCapture

from cnnkit.cli import main
from cnnkit.errors import SourceError
from cnnkit.page.state import to_json
from cnnkit.runtime import load_model
from cnnkit.sources.address import parse_address
from cnnkit.sources.moving.shots import ENDED, Opened
from cnnkit.sources.reconnecting import Reconnecting
from cnnkit.sources.video import Video
from cnnkit.system import log

_HEAD = re.compile(r"\s*[A-Za-z][A-Za-z0-9+.\-]*(?=:)")

Way = Callable[[], str]


class Ending(FakeCapture):
    """Gives the pictures with these numbers, and then ends."""

    def read(self) -> Any:
        return super().read() if self.numbers else ENDED


class Ears:
    """Keeps what is handed to those who stand outside: pages, windows, servers, brokers, commands, the disk."""

    def __init__(self) -> None:
        self.heard: list[str] = []
        self.deaf = False  # whether servers and brokers take nothing

    def hear(self, *what: object) -> None:
        self.heard += map(str, what)

    def page(self, *_: Any, **__: Any) -> Any:
        def publish(_: Any, state: Any, *__: Any) -> None:
            self.hear("page", to_json(state, since_ms=0.0, signal_s=0.0))

        return SimpleNamespace(address="http://127.0.0.1/", publish=publish, close=lambda: None)

    def window(self, title: str) -> Any:
        self.hear("window", title)
        keys = iter(("record", "record", "save"))
        return SimpleNamespace(show=lambda image: None, command=lambda: next(keys, None), close=lambda: None)

    def film(self, path: Path, *_: Any) -> Any:
        self.hear("film", path)
        return SimpleNamespace(write=lambda image: None, close=lambda: None)

    def opener(self, **_: Any) -> Any:
        @contextmanager
        def open_request(request: Any, timeout: float) -> Iterator[None]:
            self.hear("webhook", request.data)
            if self.deaf:
                raise OSError(f"{request.full_url} does not listen")
            yield

        return SimpleNamespace(open=open_request)

    def client(self, *_: Any) -> Any:
        """A client of paho's that is connected at once, or refused."""
        sent = SimpleNamespace(is_published=lambda: not self.deaf, rc=0)
        client = SimpleNamespace(**dict.fromkeys(
            ("username_pw_set", "tls_set_context", "reconnect_delay_set", "disconnect", "connect_async", "loop_stop"),
            lambda *_: None,
        ), host="h", port=1)  # fmt: skip
        topics: list[str] = []  # what an address names as its topic is told to the broker, and is no secret of it

        def publish(_: str, payload: str, **__: Any) -> Any:
            name = re.sub("[^a-zA-Z0-9_-]+", "_", topics[0])  # as Home Assistant is told it
            self.hear("mqtt", payload.replace(json.dumps(topics[0])[1:-1], "TOPIC").replace(f"_{name}_", "_TOPIC_"))
            return sent

        client.will_set = lambda topic, payload, **_: topics.append(topic.removesuffix("/availability"))
        client.publish = publish

        def loop_start() -> None:
            client.on_connect(client, None, None, SimpleNamespace(is_failure=self.deaf), None)

        client.loop_start = loop_start
        return client

    def process(self, words: Any, *, env: Any, **_: Any) -> Any:
        self.hear("command", words, {name: value for name, value in env.items() if name.startswith("CNNKIT")})
        return SimpleNamespace(communicate=lambda data, limit_s: self.hear(data), returncode=0)


class Exits:
    """Says of an address all that there is to say, in a folder of its own.

    Args:
        model: A file.
        folder: An empty folder that the process is in.
        thorough: In all ways with each address; else in one of each kind, in turns.
    """

    def __init__(self, model: Path, folder: Path, *, thorough: bool = True) -> None:
        self._model, self._folder, self._ears = str(model), folder, Ears()
        self.thorough, self._turn = thorough, 0

    @contextmanager
    def sealed(self) -> Iterator[Exits]:
        """Lets nothing out of the process in the block."""

        def refuse(*_: Any, **__: Any) -> Any:
            raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

        loaded = cache(load_model)
        ears = self._ears
        with ExitStack() as stack:
            for name, stand_in in {
                "socket.getaddrinfo": refuse,
                "cnnkit.live.webcam.load_model": lambda model, **_: loaded(model),
                "cnnkit.live.webcam.check_display": lambda: None,
                "cnnkit.live.channel.paint": lambda image, caption: image,
                "cnnkit.live.channel.enlarge": lambda image: image,
                "cnnkit.live.wall._SIZE": (64, 48),
                "cnnkit.live.loop.POLL_S": 0.0,
                "cnnkit.live.output_opening.Window": ears.window,
                "cnnkit.live.recording.open_film_file": ears.film,
                "cnnkit.page.server.LivePage": ears.page,
                "cnnkit.live.actions.webhook.http_opener": ears.opener,
                "cnnkit.live.actions.command.subprocess.Popen": ears.process,
                "cnnkit.live.actions.delivery.FIRST_WAIT_S": 0.02,
                "cnnkit.live.actions.delivery.END_S": 0.05,
                "cnnkit.live.actions.broker._LOOK_S": 0.001,
                "cnnkit.sources.moving.decoded.is_installed": lambda: False,
                "cnnkit.sources.moving.plain.open_address": lambda *_: None,
                "cnnkit.sources.reconnecting.FIRST_WAIT_S": 0.0,
                "paho.mqtt.client.Client": ears.client,
            }.items():
                stack.enter_context(patch(name, stand_in))
            yield self

    def everything(self, text: str) -> str:
        """All that is said of an address that somebody typed."""
        self._ears.heard.clear()
        with _file_of_stdout_and_stderr() as file:
            ways = [self._typed(text), self._not_opened(text), self._seen(text)]
            said = [way() for group in ways for way in self._chosen(group)]
            said += self._come_and_gone(text)
        said += [str(path.relative_to(self._folder)) for path in self._folder.rglob("*")]
        for entry in self._folder.iterdir():
            shutil.rmtree(entry) if entry.is_dir() else entry.unlink()
        self._turn += 1
        return "\n".join([*said, *self._ears.heard, file[0]])

    def _chosen(self, ways: Sequence[Way]) -> Sequence[Way]:
        return ways if self.thorough or not ways else [ways[self._turn % len(ways)]]

    def _typed(self, text: str) -> Sequence[Way]:
        """An address as a value of all sorts."""
        return [
            partial(cli, "webcam", "--", text),
            partial(cli, "webcam", "-s", "987", f"--webhook={text}"),
            partial(cli, "webcam", "-s", "987", f"--mqtt={text}"),
            partial(cli, "webcam", f"--source={text}", f"--webhook={text}", f"--mqtt={text}", "--systemd"),
            partial(cli, "webcam", f"--source={text}", "--source=no.mp4", "--systemd"),
            partial(cli, "predict", f"--batch-size={text}", "a.jpg"),
            partial(cli, "predict", "a.jpg", f"--model={text}"),
            partial(cli, "info", text),
            partial(cli, "split", text, "-o", "divided"),
            partial(cli, text),
        ]

    def _not_opened(self, text: str) -> Sequence[Way]:
        """An address that cannot be opened."""
        path = f"./{text}" if text.startswith("-") else text
        webcam = partial(cli, "webcam", "-m", self._model, "--headless", f"--source={text}")
        return [
            partial(cli, "-v", "predict", path, "-m", self._model, "--format", "jsonl"),
            webcam, partial(webcam, "--source=no.mp4"), partial(webcam, f"--source={text}"),
        ]  # fmt: skip

    def _seen(self, text: str) -> Sequence[Way]:
        """An address that gives pictures, and whoever is told of them."""
        if "\0" in text or len(text.splitlines()) != 1 or not text.strip():
            return []  # neither a variable nor a line of a file holds it
        (self._folder / "sources").write_text(f"{text}\n{text}\n")
        webcam = partial(cli, "-v", "webcam", "-m", self._model, "--fast", "--every", "0", "--record", "out.avi")
        acting = ("--for", "0s", "--on-change", "cat", "--keep-frames", "kept", "--unsure", "1", "--mqtt-discovery")
        hooks = {"CNNKIT_WEBHOOK": _HEAD.sub("http", text, count=1), "CNNKIT_MQTT": _HEAD.sub("mqtt", text, count=1)}

        def look(deaf: bool, *arguments: str, **environment: str) -> str:
            self._ears.deaf = deaf
            with patch("cnnkit.live.videos.open_video", self._open):
                return webcam(*arguments, **environment)

        return [
            partial(look, False, *acting, "--headless", "--page", "0", CNNKIT_SOURCE=text, **hooks),
            partial(look, False, "--source-file", "sources"),
            partial(look, True, *acting, CNNKIT_SOURCE="0", **hooks),
        ]

    def _open(self, address: Any, options: Any) -> Video:
        return Video(address, Opened(Ending([200, 201, 202]), 25.0, 3, recorded=True), options)

    def _come_and_gone(self, text: str) -> Iterator[str]:
        """What is said of a camera that goes away, comes back and is gone for good."""
        try:
            address = parse_address(text)
        except SourceError as error:
            yield _trace(error)
            return
        openings = [Opened(Ending([1])), Opened(Ending([2]))]

        def reopen(*_: Any) -> Opened:
            if not openings:
                raise SourceError(f"{address} is not there")
            return openings.pop(0)

        frames = Reconnecting(None, reopen, str(address), lambda: 0, lambda seconds: None, lambda: False, retries=1)
        with _listened() as lines:
            try:
                lines += [repr(frame.number) for frame in frames.frames()]
            except SourceError as error:
                lines.append(_trace(error))
        yield "\n".join(lines)


def cli(*arguments: str, **environment: str) -> str:
    """All that a call prints, with the traceback that CNNKIT_DEBUG would show."""
    result = CliRunner(env={"CNNKIT_DEBUG": "1", **environment}).invoke(main, list(arguments))
    return result.output + ("" if result.exception is None else _trace(result.exception))


def _trace(error: BaseException) -> str:
    return "".join(traceback.format_exception(error))


@contextmanager
def _listened() -> Iterator[list[str]]:
    lines: list[str] = []
    handler = logging.Handler()
    handler.emit = lambda record: lines.append(record.getMessage())  # type: ignore[method-assign]
    level = log.level
    log.addHandler(handler)
    log.setLevel(logging.DEBUG)
    try:
        yield lines
    finally:
        log.removeHandler(handler)
        log.setLevel(level)


@contextmanager
def _file_of_stdout_and_stderr() -> Iterator[list[str]]:
    """Gives, after the block, what libraries wrote past Python."""
    said: list[str] = []
    before = os.dup(1), os.dup(2)
    with tempfile.TemporaryFile() as file:
        for number in (1, 2):
            os.dup2(file.fileno(), number)
        try:
            yield said
        finally:
            for number, descriptor in zip((1, 2), before, strict=True):
                os.dup2(descriptor, number)
                os.close(descriptor)
            file.seek(0)
            said.append(file.read().decode(errors="replace"))
