"""Actions opened: checked before a camera is, and begun with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.live.actions.broker import Broker, topic_of
from cnnkit.live.actions.changes import LastingChanges, Taker
from cnnkit.live.actions.command import parse_command, run_command
from cnnkit.live.actions.delivery import Delivery
from cnnkit.live.actions.discovery import discoveries
from cnnkit.live.actions.keeping import FrameKeeper
from cnnkit.live.actions.webhook import check_webhook, webhook, webhook_name
from cnnkit.live.outputs import Watcher
from cnnkit.live.rows import ChangeLog
from cnnkit.system import TypedAddress, make_folder, require


@dataclass(frozen=True)
class ActionOptions:
    """What is done on a change."""

    for_s: float = 1.0  # how long it must last
    on_change: str | None = None  # a command
    webhook: TypedAddress | None = None
    mqtt: TypedAddress | None = None
    mqtt_discovery: bool = False  # tell Home Assistant
    action_s: float = 10.0  # how long a command, or a server, may take
    keep_frames: Path | None = None  # a folder for pictures
    unsure: float | None = None  # 0 to 1: frames whose label is less likely are kept, too
    keep_at_most: int = 60  # pictures an hour, of changes and of unsure frames


def check_actions(options: ActionOptions) -> None:
    """Refuses what cannot be meant before anything is opened.

    Raises:
        UsageError: A command or an address that is none, or an option without the one it belongs to.
        MissingExtraError: paho-mqtt is not installed.
        OutputError: The folder cannot be made.
    """
    if options.mqtt_discovery and options.mqtt is None:
        raise UsageError("--mqtt-discovery tells Home Assistant of --mqtt: add --mqtt mqtts://host/topic")
    if options.unsure is not None and options.keep_frames is None:
        raise UsageError("--unsure says which frames --keep-frames keeps: add --keep-frames DIR")
    if options.on_change is not None:
        parse_command(options.on_change)
    if options.webhook is not None:
        check_webhook(options.webhook)
    if options.mqtt is not None:
        topic_of(options.mqtt)
        require("cnnkit webcam --mqtt", "mqtt", "paho")
    if options.keep_frames is not None:
        make_folder(options.keep_frames)


@contextmanager
def open_actions(options: ActionOptions, sources: Sequence[str], *, insecure: bool) -> Iterator[list[list[Watcher]]]:
    """Gives those who watch each camera for changes, and lets them finish what they have begun.

    Args:
        options: Checked already.
        sources: What rows call the sources.
        insecure: Take any certificate.
    """
    watchers: list[list[Watcher]] = [[] for _ in sources]
    numbers = [None] if len(sources) == 1 else range(1, len(sources) + 1)
    with ExitStack() as stack:
        takers = [_begun(delivery, stack) for delivery in _deliveries(options, sources, insecure=insecure)]
        changes = LastingChanges(takers, options.for_s)
        for source, number, each in zip(sources, numbers, watchers, strict=True):
            if takers:
                each.append(ChangeLog(changes, source, every_s=0, camera=number))
            if options.keep_frames is not None:
                each.append(_keeper(options, options.keep_frames, number))
        yield watchers


def _keeper(options: ActionOptions, folder: Path, number: int | None) -> FrameKeeper:
    return FrameKeeper(folder, options.for_s, options.unsure, options.keep_at_most, camera=number)


def _begun(delivery: Delivery, stack: ExitStack) -> Taker:
    stack.callback(delivery.close)
    return delivery.take


def _deliveries(options: ActionOptions, sources: Sequence[str], *, insecure: bool) -> Iterator[Delivery]:
    if options.on_change is not None:
        words = parse_command(options.on_change)
        yield Delivery(f"--on-change {words[0]}", partial(run_command, words, options.action_s))
    if options.webhook is not None:
        post = webhook(options.webhook, options.action_s, insecure=insecure)
        yield Delivery(f"--webhook {webhook_name(options.webhook)}", post)
    if options.mqtt is not None:
        announced = discoveries(topic_of(options.mqtt), sources) if options.mqtt_discovery else {}
        broker = Broker(options.mqtt, announced, insecure=insecure)
        yield Delivery(f"--mqtt {options.mqtt}", broker.deliver, hurry=broker.hurry, end=broker.close)
