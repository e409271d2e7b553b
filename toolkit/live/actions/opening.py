"""Actions opened: checked before a camera is, and begun with it."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path

from cnnkit.errors import UsageError
from cnnkit.live.actions.broker import Broker, topic_of
from cnnkit.live.actions.changes import LastingChanges, Taker
from cnnkit.live.actions.command import Command, parse_command
from cnnkit.live.actions.delivery import Delivery
from cnnkit.live.actions.discovery import discoveries
from cnnkit.live.actions.keeping import FrameKeeper
from cnnkit.live.actions.webhook import check_webhook, webhook, webhook_name
from cnnkit.live.outputs import Watcher
from cnnkit.live.rows import ChangeLog
from cnnkit.system import TypedAddress, make_folder, require

_LASTING_S, _ACTION_S, _KEPT_AN_HOUR = 1.0, 10.0, 60


@dataclass(frozen=True)
class ActionOptions:
    """What is done on a change."""

    for_s: float | None = None  # how long it must last; a second unless said
    on_change: str | None = None  # a command
    webhook: TypedAddress | None = None
    mqtt: TypedAddress | None = None
    mqtt_discovery: bool = False  # tell Home Assistant
    action_s: float | None = None  # how long a command, or a server, may take; 10 seconds unless said
    keep_frames: Path | None = None  # a folder for pictures
    unsure: float | None = None  # 0 to 1: frames whose label is less likely are kept, too
    keep_at_most: int | None = None  # pictures an hour, of changes and of unsure frames; 60 unless said


def check_actions(options: ActionOptions) -> None:
    """Refuses what cannot be meant before anything is opened.

    Raises:
        UsageError: A command or an address that is none, or an option without the one it belongs to.
        MissingExtraError: paho-mqtt is not installed.
        OutputError: The folder cannot be made.
    """
    if options.mqtt_discovery and options.mqtt is None:
        raise UsageError("--mqtt-discovery tells Home Assistant of --mqtt: add --mqtt mqtts://host/topic")
    if options.keep_frames is None and (options.unsure is not None or options.keep_at_most is not None):
        raise UsageError("--unsure and --keep-at-most say what --keep-frames keeps: add --keep-frames DIR")
    acting = any(each is not None for each in (options.on_change, options.webhook, options.mqtt))
    if options.for_s is not None and not acting and options.keep_frames is None:
        raise UsageError("--for says how long a change lasts before something is done: add --on-change or the like")
    if options.action_s is not None and options.on_change is None and options.webhook is None:
        raise UsageError("--action-seconds is for commands and webhooks: add --on-change or --webhook")
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
        changes = LastingChanges(takers, _lasting_s(options))
        for source, number, each in zip(sources, numbers, watchers, strict=True):
            if takers:
                each.append(ChangeLog(changes, source, every_s=0, camera=number))
            if options.keep_frames is not None:
                each.append(_keeper(options, options.keep_frames, number))
        yield watchers


def _keeper(options: ActionOptions, folder: Path, number: int | None) -> FrameKeeper:
    most = _KEPT_AN_HOUR if options.keep_at_most is None else options.keep_at_most
    return FrameKeeper(folder, _lasting_s(options), options.unsure, most, camera=number)


def _lasting_s(options: ActionOptions) -> float:
    return _LASTING_S if options.for_s is None else options.for_s


def _begun(delivery: Delivery, stack: ExitStack) -> Taker:
    stack.callback(delivery.close)
    return delivery.take


def _deliveries(options: ActionOptions, sources: Sequence[str], *, insecure: bool) -> Iterator[Delivery]:
    limit_s = options.action_s or _ACTION_S
    if options.on_change is not None:
        words = parse_command(options.on_change)
        command = Command(words, limit_s)
        yield Delivery(f"--on-change {words[0]}", command.run, end=command.end)
    if options.webhook is not None:
        post = webhook(options.webhook, limit_s, insecure=insecure)
        yield Delivery(f"--webhook {webhook_name(options.webhook)}", post)
    if options.mqtt is not None:
        announced = discoveries(topic_of(options.mqtt), sources) if options.mqtt_discovery else {}
        broker = Broker(options.mqtt, announced, insecure=insecure)
        yield Delivery(f"--mqtt {options.mqtt}", broker.deliver, hurry=broker.hurry, end=broker.close)
