"""`cnnkit evaluate`."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal

import click

from cnnkit.commands.options import overwrite_option, provider_option, seed_option, strict_option, table_or_json_option


@click.command()
@click.argument("model", type=click.Path(path_type=Path))
@click.argument("data")
@click.option("--out", "-o", type=click.Path(path_type=Path), help="A new folder  [default: evaluation-MODEL].")
@click.option(
    "--split", type=click.Choice(["train", "val", "test"]),
    help="Which part, divided as the training did  [default: test, or all images of a folder without test/].",
)  # fmt: skip
@click.option("--batch-size", type=click.IntRange(1), default=64, show_default=True, help="Images run together.")
@click.option(
    "--tta", type=click.Choice(["none", "flip"]), default="none", is_flag=False, flag_value="flip",
    help="The mean answer to each image and its mirror image; takes twice the time  [default: none; alone: flip].",
)  # fmt: skip
@click.option("--show-batch", type=click.IntRange(0, 100), default=0, help="Draw so many random images, as batch.png.")
@click.option(
    "--show", multiple=True, metavar="IMAGE",
    help="Draw this image, as chosen.png: a path or its end, a number in digits or cifar10; repeatable.",
)  # fmt: skip
@click.option("--explain", is_flag=True, help="Draw what made the model answer so beside mistakes and chosen images.")
@seed_option("Of the random images.")
@strict_option
@click.option(
    "--data-dir", "data_folder", type=click.Path(path_type=Path),
    help="Folder of CIFAR-10's binary version  [default: the Keras cache].",
)  # fmt: skip
@provider_option
@table_or_json_option
@overwrite_option
def command(model: Path, data: str, style: Literal["table", "json"], **options: Any) -> None:
    """Measure how right a model is, class by class.

    MODEL is an .onnx file, a run folder of cnnkit train, or its .keras file. DATA is digits, cifar10, a folder (class
    folders, or test/ of them), or a list of files and labels. Figures, the answer to every image and pictures are
    written to a new folder.
    """
    from cnnkit.train.evaluation import EvaluationOptions, print_evaluation, run_evaluation

    print_evaluation(run_evaluation(EvaluationOptions(model, data, **options)), style)
