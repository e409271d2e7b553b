"""Commands that are printed to be typed: they hold what was typed, quoted."""

from __future__ import annotations

import shlex
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from cnnkit.commands.options import typed_command


@click.command()
@click.argument("data", nargs=-1)
@click.option("--size", type=int)
@click.option("--out", "-o", type=click.Path(path_type=Path))
@click.option("--rate", type=float)
@click.option("--show", multiple=True)
@click.option("--jit/--no-jit", default=None)
@click.option("--resume", is_flag=True)
@click.option("--folds", default=5)
@click.pass_context
def example(context: click.Context, **_: object) -> None:
    click.echo(typed_command(context))
    click.echo(typed_command(context, name="train", without=("folds", "resume"), adding=["--recipe", "a b.toml"]))


@pytest.mark.parametrize(
    ("typed", "options"),
    [
        pytest.param(["photos"], "", id="nothing but data"),
        pytest.param(["my photos", "it's", "-o", "run 1"], " --out 'run 1'", id="quoted"),
        pytest.param(["-o", "run", "--", "-x"], " --out run", id="an argument like an option"),
        pytest.param(["a", "--no-jit", "--size", "8"], " --size 8 --no-jit", id="off"),
        pytest.param(["a", "--jit", "--rate", "1e-3"], " --rate 0.001 --jit", id="on, and a number"),
        pytest.param(["a", "--show", "x", "--show", "y z"], " --show x --show 'y z'", id="several times"),
    ],
)
def test_options_are_kept_and_quoted(typed: list[str], options: str) -> None:
    result = CliRunner().invoke(example, ["--resume", "--folds", "3", *typed], catch_exceptions=False)
    whole, other = result.stdout.splitlines()
    data = shlex.join(
        {"-x": "./-x"}.get(word, word) for word in typed if word in ("a", "photos", "my photos", "it's", "-x")
    )
    assert whole == f"cnnkit example {data}{options} --resume --folds 3"
    assert other == f"cnnkit train {data}{options} --recipe 'a b.toml'"
