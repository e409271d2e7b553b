"""`cnnkit verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cnnkit.commands.options import (
    model_argument,
    provider_option,
    strict_option,
    table_or_json_option,
    threads_option,
)


@click.command()
@model_argument
@click.option("--original", type=click.Path(path_type=Path), help="The Keras file or run folder it was made from.")
@click.option(
    "--data", type=click.Path(path_type=Path), help="Images in a folder or list, for the stages before the model."
)
@strict_option
@table_or_json_option
@threads_option
@provider_option
def command(
    model: Path | None,
    original: Path | None,
    data: Path | None,
    strict: bool,
    style: Literal["table", "json"],
    threads: int | None,
    provider: str,
) -> None:
    """Check that a model file answers as the original does.

    MODEL is an .onnx file that cnnkit exported; without it the bundled INT8 model is checked. Its golden images need
    nothing else. With --original and --data every stage from the file to the label is compared, and the first one that
    differs is named. The exit code is 1 when one differs by more than its spec allows.
    """
    from cnnkit.report import print_verification
    from cnnkit.runtime import check_golden, golden_stage, load_model, require_passed

    classifier = load_model(model, threads=threads, provider=provider).classifier
    if original is not None or data is not None:
        from cnnkit.export.verification import climb, require_parity

        stages = climb(classifier, original, data, strict=strict)
        print_verification(stages, style)
        require_parity(stages)
        return
    result = check_golden(classifier, classifier.spec)
    print_verification([golden_stage("onnxruntime", result)], style)
    require_passed(result)
