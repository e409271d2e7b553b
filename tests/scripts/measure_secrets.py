"""Measures whether a secret in an address comes out anywhere, over addresses that Hypothesis draws.

    python tests/scripts/measure_secrets.py [--addresses 10000] [--json]

Each address is typed as one sort of value after the other, opened in vain, seen, lost and found again, in turns of the
many ways to do so; what is then on stdout and stderr, in rows, tracebacks, the unit of a service, names of files and
windows, on the page and with commands, webhooks and brokers is searched for the secret. Needs the extra mqtt and
Hypothesis.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import tempfile
from concurrent.futures import ProcessPoolExecutor
from multiprocessing import get_context
from pathlib import Path
from typing import Any

import click

sys.path.insert(0, str(Path(__file__).parents[1] / "helpers"))

SHARES = 16  # processes, which wait for their threads most of the time


def search(share: int, count: int) -> dict[str, Any]:
    """Searches what is said of so many addresses, and returns how many there were and in which a secret was found."""
    from hypothesis import HealthCheck, Phase, given, seed, settings
    from secret_exits import Exits
    from tiny_models import build_tiny_onnx, tiny_spec
    from typed_addresses import addresses_with_secrets

    drawn: list[str] = []
    leaks: list[str] = []
    said = 0
    with tempfile.TemporaryDirectory() as models, tempfile.TemporaryDirectory() as folder:
        model = Path(models) / "tiny.onnx"
        model.write_bytes(build_tiny_onnx(tiny_spec()))
        os.chdir(folder)
        with Exits(model, Path(folder), thorough=False).sealed() as exits:

            @seed(share)
            @settings(
                max_examples=count, deadline=None, database=None, phases=[Phase.generate],
                suppress_health_check=list(HealthCheck),
            )  # fmt: skip
            @given(typed=addresses_with_secrets())
            def look(typed: tuple[str, str]) -> None:
                nonlocal said
                text, secret = typed
                everything = exits.everything(text)
                drawn.append(text)
                said += len(everything)
                if secret in everything:
                    leaks.append(text)

            look()
        os.chdir("/")
    return {"drawn": drawn, "leaks": leaks, "characters": said}


def main() -> None:
    """Measures and prints; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--addresses", type=int, default=10_000)
    parser.add_argument("--json", action="store_true", help="the figures once more, as JSON on the last line")
    arguments = parser.parse_args()
    counts = [arguments.addresses // SHARES + (share < arguments.addresses % SHARES) for share in range(SHARES)]
    with ProcessPoolExecutor(SHARES, get_context("spawn")) as pool:
        found = list(pool.map(search, range(SHARES), counts))
    drawn = [text for each in found for text in each["drawn"]]
    leaks = [text for each in found for text in each["leaks"]]
    characters = sum(each["characters"] for each in found)
    for text in leaks:
        click.echo(f"a secret comes out of {text!r}")
    click.echo(
        f"{len(drawn):,} addresses ({len(set(drawn)):,} different), {characters:,} characters said of them: a secret "
        f"in {len(leaks):,}"
    )
    if arguments.json:
        figures = {
            "n": len(drawn), "different": len(set(drawn)), "leaks": len(leaks), "characters": characters,
        }  # fmt: skip
        click.echo(json.dumps(figures))


if __name__ == "__main__":
    main()
