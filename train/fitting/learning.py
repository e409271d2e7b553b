"""Teaches a network a dataset: everything that is fitted is fitted on its training images alone."""

from __future__ import annotations

from typing import Any

from cnnkit.errors import UsageError
from cnnkit.train.architectures import NetworkShape, build_network, load_stored, without_weights
from cnnkit.train.data import Dataset, fit_standardisation
from cnnkit.train.devices import Devices
from cnnkit.train.fitting.checkpoint import CHECKPOINT_FILE, Checkpoint
from cnnkit.train.fitting.earlier import EarlierModel
from cnnkit.train.fitting.epoch_rules import History
from cnnkit.train.fitting.fit import fit
from cnnkit.train.fitting.objective import balanced_weights
from cnnkit.train.fitting.optimizers import Steps
from cnnkit.train.fitting.recorder import EpochSink
from cnnkit.train.fitting.teacher import Teacher
from cnnkit.train.fitting.trainer import Trainer
from cnnkit.train.recipes import TrainingRequest, earlier_spec


def build_for(request: TrainingRequest, dataset: Dataset) -> Any:
    """Builds the network that is asked for, its standardisation fitted on the training images.

    Returns:
        A keras.Model in float32.

    Raises:
        UsageError: It cannot be built for these images, or there is no such file of weights.
        DataError: Its weights are not to be had.
        ModelError: The file of weights is damaged, or of another network.
    """
    spec = request.input_spec()
    earlier = _begins_with(request, dataset)
    scaled = request.recipe.standardise == "mean-std"
    known = earlier.standardisation() if earlier and request.earlier else None
    offset, spread = known or (fit_standardisation(dataset.train) if scaled else (0, 255.0))
    classes, independent = len(dataset.outputs), bool(dataset.names)
    shape = NetworkShape(spec.height, spec.width, spec.channels, classes, offset, spread, independent)
    if earlier is not None:
        network = build_network(without_weights(request.architecture), shape)
        earlier.give_weights(network, dataset.outputs)
        return network
    network = build_network(request.architecture, shape)
    if request.weights_file is not None:
        load_stored(network, request.weights_file)
    return network


def _begins_with(request: TrainingRequest, dataset: Dataset) -> EarlierModel | None:
    """Returns the model whose weights a training goes on from; None where it begins anew, or with a file of weights.

    A run that is resumed has them all itself, and what it began with may be gone.
    """
    own = request.out / "model.keras"
    if request.resume and (request.out / CHECKPOINT_FILE).exists() and own.is_file():
        return EarlierModel(own, dataset.outputs) if request.earlier or request.weights_file else None
    return EarlierModel(request.earlier, earlier_spec(request.earlier).labels) if request.earlier else None


def learn(
    request: TrainingRequest,
    network: Any,
    dataset: Dataset,
    devices: Devices,
    sink: EpochSink,
    *,
    teacher: Teacher | None = None,
    start: Checkpoint | None = None,
) -> History:
    """Trains a network by the request's recipe.

    Args:
        request: Recipe and seed.
        network: Takes the weights of the last epoch that was kept.
        dataset: Its training and validation images; its test images are not looked at.
        devices: What it is trained on.
        sink: Where epochs go.
        teacher: A network whose answers are learned as well.
        start: Goes on after this checkpoint.

    Returns:
        One row an epoch, as `fit` says.

    Raises:
        DataError: The loss is no number any more, or a file cannot be read any more.
        UsageError: Classes are weighed, or a teacher is to teach, and images have several labels.
    """
    recipe = request.recipe
    if dataset.names and (recipe.class_weights or teacher is not None):
        what = "--class-weights" if recipe.class_weights else "--teacher"
        raise UsageError(f"{dataset.name} gives several labels an image: leave out {what}, which is for one")
    steps = Steps(-(-devices.used_images(len(dataset.train)) // recipe.batch_size), recipe.epochs)
    weights = balanced_weights(dataset.train.targets, len(dataset.labels)) if recipe.class_weights else None
    with devices.scope():
        trainer = Trainer(
            network, recipe, devices, steps, request.seed, class_weights=weights, teacher=teacher,
            independent=bool(dataset.names),
        )  # fmt: skip
    return fit(trainer, dataset, recipe, request.seed, start, sink)
