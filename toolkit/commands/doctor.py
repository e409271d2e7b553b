"""`cnnkit doctor`."""

from __future__ import annotations

from dataclasses import replace
from typing import Literal

import click

from cnnkit.commands.options import table_or_json_option


@click.command()
@table_or_json_option
def command(style: Literal["table", "json"]) -> None:
    """Say what this machine can do.

    CPU and what it makes of INT8, memory, packages and extras, ONNX Runtime's providers, windows, GPUs, cameras, and
    whether the bundled model answers here as its original did.
    """
    from cnnkit.doctor import advise, examine, print_examination

    found = examine()
    print_examination(replace(found, advice=advise(found)), style)
