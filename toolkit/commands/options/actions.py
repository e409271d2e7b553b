"""The options of `cnnkit webcam` that say what is done on a change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from cnnkit.commands.options.shared import add, taken
from cnnkit.commands.options.values import Range, Seconds
from cnnkit.system import TypedAddress

if TYPE_CHECKING:
    from cnnkit.live import ActionOptions

_NAMES = (
    "for_s", "on_change", "webhook", "mqtt", "mqtt_discovery", "action_s", "keep_frames", "unsure", "keep_at_most",
)  # fmt: skip
_ACTIONS = (
    click.option(
        "--for", "for_s", type=Seconds(0),
        help="How long a change of label or signal must last before something is done, such as 2s  [default: 1s].",
    ),
    click.option("--on-change", metavar="COMMAND", help="Run for each change, without a shell; its row is on stdin."),
    click.option(
        "--webhook", type=TypedAddress, metavar="ADDRESS", envvar="CNNKIT_WEBHOOK", show_envvar=True,
        help="Post the row of each change there, as JSON.",
    ),
    click.option(
        "--mqtt", type=TypedAddress, metavar="ADDRESS", envvar="CNNKIT_MQTT", show_envvar=True,
        help="Publish it in this topic: mqtts://user:password@host/topic.",
    ),
    click.option("--mqtt-discovery", is_flag=True, help="Tell Home Assistant of the topic."),
    click.option(
        "--action-seconds", "action_s", type=Seconds(0, min_open=True),
        help="How long a command, or the server of a webhook, may take  [default: 10s].",
    ),
    click.option(
        "--keep-frames", type=click.Path(path_type=Path), metavar="DIR",
        help="Save the picture of each change, in a folder a label.",
    ),
    click.option(
        "--unsure", type=Range(0, 1), metavar="PROBABILITY", help="Save frames whose label is less likely, too: 0.6.",
    ),
    click.option(
        "--keep-at-most", type=click.IntRange(1),
        help="Pictures an hour, of changes and of unsure frames  [default: 60].",
    ),
)  # fmt: skip


def action_options(command: Callable[..., Any]) -> Callable[..., Any]:
    """Adds the options that say what is done on a change."""
    return add(_ACTIONS, command)


def take_actions(options: dict[str, Any]) -> ActionOptions:
    """Takes what is done on a change out of a command's options."""
    from cnnkit.live import ActionOptions

    return ActionOptions(**taken(options, *_NAMES))
