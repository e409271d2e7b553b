"""Runs the command line: `python -m cnnkit`."""

from cnnkit.cli import main

main(prog_name="cnnkit")
