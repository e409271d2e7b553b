"""`cnnkit verify`."""

from __future__ import annotations

from pathlib import Path
from typing import Literal

import click

from cnnkit.commands import options as shared


@click.command()
@shared.model_argument
@shared.table_or_json_option
@shared.threads_option
@shared.provider_option
def command(model: Path | None, style: Literal["table", "json"], threads: int | None, provider: str) -> None:
    """Check a model file against its golden images.

    MODEL is an .onnx file that cnnkit exported; without it the bundled INT8 model is checked. The exit code is 1 when
    its answers differ from the original Keras model's by more than its spec allows.
    """
    from cnnkit.golden import check_golden, require_passed
    from cnnkit.model import load_model
    from cnnkit.report.verification import print_verification

    classifier = load_model(model, threads=threads, provider=provider).classifier
    result = check_golden(classifier, classifier.spec)
    print_verification([("onnxruntime", result)], style)
    require_passed(result, classifier.spec.tolerance)
