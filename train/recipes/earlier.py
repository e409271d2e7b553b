"""`--from`: what a training takes over from an earlier run."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.runtime import find_keras_file, read_run_spec
from cnnkit.spec import ModelSpec
from cnnkit.train.architectures import choose_architecture


def earlier_spec(path: Path) -> ModelSpec:
    """Reads what is known of an earlier model.

    Args:
        path: Its Keras file.

    Raises:
        UsageError: There is no such file, or no spec.json beside it that says what network it is.
        SpecError: The spec is malformed, or of a newer version.
    """
    if not path.is_file():
        raise UsageError(f"--from {path}: no such file, expected a run folder of cnnkit train or its model.keras")
    spec = read_run_spec(path)
    if spec is None or spec.provenance is None or not spec.provenance.architecture:
        raise UsageError(
            f"--from {path}: no spec.json beside it says what network it is, expected a finished run of cnnkit train; "
            "for a file of weights say --arch NAME --weights FILE"
        )
    return spec


def take_over(source: Path, given: Mapping[str, Any]) -> dict[str, Any]:
    """Returns flags with what an earlier run settles: network, size, colour, and resizing where nothing else is said.

    Args:
        source: A run folder, or its model.keras.
        given: The flags.

    Raises:
        UsageError: There is no such run, or a flag contradicts it.
        SpecError: Its spec.json is malformed, or of a newer version.
    """
    if "weights" in given:
        raise UsageError("--from takes the weights of an earlier run: leave out --weights")
    path = find_keras_file(source)
    spec = earlier_spec(path)
    assert spec.provenance is not None
    settled = {
        "architecture": str(spec.provenance.architecture), "size": spec.input.height, "color": spec.input.color,
    }  # fmt: skip
    wanted = dict(given)
    if "architecture" in wanted:
        wanted["architecture"] = choose_architecture(wanted["architecture"]).text
    for name, value in settled.items():
        if wanted.get(name, value) != value:
            raise UsageError(
                f"--from {source} has {name} {value}, and {wanted[name]} is asked for: leave that out, or train anew"
            )
    return {"resize": spec.input.resize, **given, **settled, "earlier": path}
