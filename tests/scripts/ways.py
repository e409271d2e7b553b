"""The command line of scripts that measure one of several things."""

from __future__ import annotations

import argparse
import json
from collections.abc import Callable, Mapping
from typing import Any

import click


def measure_one(head: str, ways: Mapping[str, Callable[[], Any]]) -> None:
    """Measures what the command line names, and prints the figures as JSON where it says so.

    Args:
        head: Of the script; its first line is what `--help` says.
        ways: What can be measured; each prints what it finds and returns its figures.
    """
    parser = argparse.ArgumentParser(description=head.splitlines()[0])
    parser.add_argument("what", choices=list(ways))
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    figures = ways[arguments.what]()
    if arguments.json:
        click.echo(json.dumps(figures))
