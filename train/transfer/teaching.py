"""A training in one stage or two: a network that has learned before gets its last layer first, then fine-tuning."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.architectures import choose_architecture
from cnnkit.train.data import Dataset
from cnnkit.train.devices import Devices
from cnnkit.train.fitting import Checkpoint, EpochSink, History, Teacher, finished_epochs, learn
from cnnkit.train.recipes import TrainingRequest, earlier_spec
from cnnkit.train.transfer.first_stage import head_state, restore_head, run_first_stage
from cnnkit.train.transfer.parts import Parts, find_parts, freeze_lower


def teach(
    request: TrainingRequest,
    network: Any,
    dataset: Dataset,
    devices: Devices,
    sink: EpochSink,
    *,
    teacher: Teacher | None = None,
    start: Checkpoint | None = None,
    run: Path | None = None,
) -> History:
    """Trains a network by the request's recipe, its last layer first where the recipe says so and the others can see.

    Args:
        request: Recipe and seed.
        network: Takes the weights of the last epoch that was kept.
        dataset: Its training and validation images; its test images are not looked at.
        devices: What it is trained on.
        sink: Where epochs go.
        teacher: A network whose answers are learned as well.
        start: Goes on after this checkpoint.
        run: The run folder, for what the first stage keeps while it runs; None keeps nothing.

    Returns:
        One row an epoch, as `learn` says; the first stage is the row of epoch 0.

    Raises:
        UsageError: No epoch is wanted, and there is no last layer to be fitted.
        DataError: The loss is no number any more, or a file cannot be read any more.
    """
    recipe = request.recipe
    parts = find_parts(network) if _has_learned(request) else None
    if parts is not None and recipe.fine_tune == "upper":
        freeze_lower(parts)
    if parts is not None and _fits_head(request, dataset, start):
        start = _take_first_stage(parts, network, request, dataset, sink, start, run)
    elif not recipe.epochs:
        raise UsageError(
            f"--epochs 0 fits the last layer on features that a network has learned before, and {request.architecture} "
            "has learned none: name a pretrained one, such as --arch efficientnet_lite0, or give --epochs"
        )
    if not recipe.epochs and start is not None:
        return start.history
    return learn(request, network, dataset, devices, sink, teacher=teacher, start=start)


def _fits_head(request: TrainingRequest, dataset: Dataset, start: Checkpoint | None) -> bool:
    """Whether the last layer is fitted first: where nothing else is asked for, also one that knows these classes."""
    recipe = request.recipe
    return not recipe.epochs or (recipe.head_first and (start is not None or not _knows_all_classes(request, dataset)))


def _has_learned(request: TrainingRequest) -> bool:
    """Whether the network of a request begins with weights that have seen images."""
    pretrained = getattr(choose_architecture(request.architecture).options, "weights", "none") != "none"
    return pretrained or request.earlier is not None or request.weights_file is not None


def _knows_all_classes(request: TrainingRequest, dataset: Dataset) -> bool:
    """Whether the last layer, too, has learned already: that of an earlier run with these classes and more."""
    return request.earlier is not None and set(dataset.outputs) <= set(earlier_spec(request.earlier).labels)


def _take_first_stage(
    parts: Parts,
    network: Any,
    request: TrainingRequest,
    dataset: Dataset,
    sink: EpochSink,
    start: Checkpoint | None,
    run: Path | None,
) -> Checkpoint:
    """Runs the first stage, or takes up what came of it."""
    if start is not None:
        if not finished_epochs(start.history):
            restore_head(parts, start.state)
        return start
    row = run_first_stage(parts, dataset, request.recipe, request.seed, run)
    first = Checkpoint((row,), head_state(parts))
    sink.save_best(network)
    sink.save_epoch(first)
    return first
