"""`--from`: what a training takes over from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.runtime import find_keras_file, read_run_spec
from cnnkit.spec import ModelSpec
from cnnkit.train.architectures import choose_architecture, named_in
from cnnkit.train.recipes.stored_config import CONFIG_FILE, begun_from, read_config


def earlier_spec(path: Path) -> ModelSpec:
    """Reads what is known of an earlier model.

    Args:
        path: Its Keras file.

    Raises:
        UsageError: There is no such file, or no spec.json beside it that says what network it is.
        SpecError: The spec is malformed, or of a newer version.
    """
    if not path.is_file():
        raise UsageError(
            f"--from {path}: no such file, expected a run folder of cnnkit train or its model.keras (a run that is "
            "resumed needs none after its first epoch, if --out names it)"
        )
    spec = read_run_spec(path)
    if spec is None or spec.provenance is None or not spec.provenance.architecture:
        raise UsageError(
            f"--from {path}: no spec.json beside it says what network it is, expected a finished run of cnnkit train; "
            "for a file of weights say --arch NAME --weights FILE"
        )
    return spec


def take_over(source: Path, given: Mapping[str, Any], out: Path | None = None) -> dict[str, Any]:
    """Returns flags with what an earlier run settles: network, size, colour, and resizing where nothing else is said.

    Args:
        source: A run folder, or its model.keras.
        given: The flags.
        out: The run folder that is asked for. A run in it that began with the earlier one and is resumed says the same,
            so that the earlier one may be gone.

    Raises:
        UsageError: There is no such run, or a flag contradicts it.
        SpecError: Its spec.json is malformed, or of a newer version.
    """
    if "weights" in given:
        raise UsageError("--from takes the weights of an earlier run: leave out --weights")
    path = source / "model.keras" if source.is_dir() else source
    if not path.is_file() and out is not None and given.get("resume") and begun_from(out):
        stored = read_config(out / CONFIG_FILE)
        settled, resize = {name: stored[name] for name in ("architecture", "size", "color")}, stored["resize"]
    else:
        path = find_keras_file(source)
        settled, resize = _settled_by(path)
    wanted = dict(given)
    if "architecture" not in wanted:
        named_in(settled["architecture"], f"{path.parent}/spec.json")
    else:
        wanted["architecture"] = choose_architecture(wanted["architecture"]).text
    for name, value in settled.items():
        if wanted.get(name, value) != value:
            raise UsageError(
                f"--from {source} has {name} {value}, and {wanted[name]} is asked for: leave that out, or train anew"
            )
    return {"resize": resize, **given, **settled, "earlier": path}


def _settled_by(path: Path) -> tuple[dict[str, Any], str]:
    """Returns an earlier model's network, size and colour, and how its images were resized."""
    spec = earlier_spec(path)
    assert spec.provenance is not None
    named = str(spec.provenance.architecture)
    return {"architecture": named, "size": spec.input.height, "color": spec.input.color}, spec.input.resize
