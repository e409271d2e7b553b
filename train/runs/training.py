"""One training from data to a complete run folder."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnkit.errors import OutputError
from cnnkit.machine import cpu_name
from cnnkit.runtime import keras_layers
from cnnkit.spec import DatasetRecord, LayerFacts, ModelSpec, Provenance
from cnnkit.system import log, require, sha256
from cnnkit.train.architectures import check_size
from cnnkit.train.data import ClassRecord, Dataset, check_apart, check_standardisation
from cnnkit.train.devices import Devices, prepare_devices
from cnnkit.train.fitting import (
    Checkpoint,
    EpochSink,
    EventFile,
    Teacher,
    best_epoch,
    build_for,
    finished_epochs,
    kept_bytes,
    load_checkpoint,
    model_file,
    save_checkpoint,
)
from cnnkit.train.pictures import draw_alike, draw_class_counts, draw_samples
from cnnkit.train.recipes import TrainingRequest, begun_from, fit_to_images, load_images
from cnnkit.train.runs.complaints import Complaints
from cnnkit.train.runs.data_warnings import warn_of_data
from cnnkit.train.runs.folder import RunConfig, RunFolder
from cnnkit.train.runs.forecast import say_forecast
from cnnkit.train.runs.outcome import Outcome, finish_run
from cnnkit.train.transfer import teach


def run_training(request: TrainingRequest) -> Outcome:
    """Trains a network and fills its run folder; test images are looked at once, at the end.

    Raises:
        UsageError: Unknown architecture, images too small for it, or a run folder that must not be touched.
        MissingExtraError: TensorBoard's files are wanted and it is not installed.
        DataError: Data that cannot be trained on, weights that are not to be had, or a loss that is no number any more.
        OutputError: The run folder cannot be written.
    """
    check_request(request)
    dataset = load_images(request)
    request = fit_to_images(request, len(dataset.train))
    return train_in_folder(request, dataset, prepare_devices(request.devices, request.seed))


def planned_layers(request: TrainingRequest) -> tuple[LayerFacts, ...]:
    """Lists the layers of the network that would be trained, those of nested networks too.

    Raises:
        UsageError: It cannot be built for these images.
        DataError: The data or the weights are not to be had.
    """
    return keras_layers(build_for(request, load_images(request)))


def check_request(request: TrainingRequest) -> None:
    """Refuses, before any data is read, what cannot be trained or kept; see `run_training`."""
    spec = request.input_spec()
    check_size(request.architecture, spec.height, spec.width)
    if request.tensorboard:
        require("--tensorboard", "tensorboard", "tensorboard")
    RunFolder(request.out).check(resume=request.resume, overwrite=request.overwrite)


def train_in_folder(request: TrainingRequest, dataset: Dataset, devices: Devices) -> Outcome:
    """Trains a network on a dataset that is loaded already; see `run_training`."""
    folder = RunFolder(request.out)
    check_apart(dataset)
    with devices.scope():
        network = build_for(request, dataset)  # before the folder is made, since both may fail
    if request.recipe.standardise == "mean-std" and request.earlier is None:
        check_standardisation(network, dataset.train)
    spec = request.input_spec()
    teacher = Teacher(request.teacher, dataset.labels, spec) if request.teacher else None
    record = dataset.record()
    kept = kept_bytes(request.recipe, network.count_params())
    config = run_config(request, record, dataset.classes())
    folder.start(config, kept, resume=request.resume, overwrite=request.overwrite)
    start = load_checkpoint(folder.path) if request.resume else None
    if start is None:
        _show_data(request, dataset, folder)
    kind = "independent labels" if dataset.names else "classes"
    count = len(dataset.outputs)
    log.info("%s: %s images, %d %s; %s", dataset.name, _counts(dataset), count, kind, devices.describe())
    log.info("%s: %s", kind, _names(dataset.outputs))
    log.info("%s: %s parameters", request.architecture, f"{network.count_params():,}")
    if start:
        log.info("going on after epoch %d", finished_epochs(start.history))
    elif request.resume:
        log.info("%s holds no finished epoch: beginning with the first", folder.path)
    events = EventFile(folder.path, start.history if start else ()) if request.tensorboard else None
    sink = _sink(folder, events, None if dataset.names else Complaints(dataset.validation.targets))
    if start is None:
        say_forecast(request, network, dataset)
    history = teach(request, network, dataset, devices, sink, teacher=teacher, start=start, run=folder.path)
    best = best_epoch(history, request.recipe.checkpoint)
    spec_of_network = ModelSpec(dataset.outputs, spec, "independent" if dataset.names else "probabilities")
    facts = request_facts(request, record)
    trained_on = f"{devices.describe()}; {cpu_name()}"
    return finish_run(folder, network, history, best, dataset, spec_of_network, facts, trained_on)


def _show_data(request: TrainingRequest, dataset: Dataset, folder: RunFolder) -> None:
    """Draws the images, and says what is odd about them."""
    draw_class_counts(dataset, folder.plots / "classes.png")
    draw_samples(dataset, request.color, request.seed, folder.plots / "samples.png")
    alike = dataset.alike()
    if alike:
        draw_alike(dataset, alike, request.color, folder.plots / "near-duplicates.png")
    warn_of_data(dataset, alike, weighted=request.recipe.class_weights)


def run_config(
    request: TrainingRequest, record: DatasetRecord, classes: Mapping[str, ClassRecord] | None = None
) -> RunConfig:
    """Returns what config.json says of a training on the recorded dataset."""
    return RunConfig(
        data=record.name,
        architecture=request.architecture,
        recipe=request.recipe,
        size=request.input_spec().height,
        color=request.color,
        resize=request.resize,
        validation=request.validation,
        seed=request.seed,
        mixed_precision=request.devices.mixed_precision,
        max_images=request.max_images,
        teacher=sha256(model_file(request.teacher)) if request.teacher else None,
        earlier=_sha256_of_earlier(request),
        weights=_sha256_of_weights(request.weights_file),
        fingerprint=record.fingerprint,
        images=record.images,
        classes=classes,
        val_data=request.val_data.resolve().name if request.val_data else None,
        test_data=request.test_data.resolve().name if request.test_data else None,
    )


def _sha256_of_earlier(request: TrainingRequest) -> str | None:
    """Returns what tells the model that a run began with; one that is resumed may have lost it, and remembers."""
    if request.earlier is None:
        return None
    return sha256(request.earlier) if request.earlier.is_file() else begun_from(request.out)


def _sha256_of_weights(path: Path | None) -> str | None:
    """Returns what tells a file of weights; a run that is resumed may have lost it, and needs it no more."""
    return sha256(path) if path is not None and path.is_file() else None


def request_facts(request: TrainingRequest, record: DatasetRecord) -> Provenance:
    """Returns the part of the provenance that is known before training."""
    from cnnkit import __version__

    return Provenance(
        cnnkit_version=__version__,
        architecture=request.architecture,
        recipe=request.recipe.name,
        seed=request.seed,
        dataset=record,
    )


def _sink(folder: RunFolder, events: EventFile | None, complaints: Complaints | None) -> EpochSink:
    def save_best(network: Any) -> None:
        with _said_how_to_go_on():
            folder.save_model(network)

    def keep(checkpoint: Checkpoint) -> None:
        with _said_how_to_go_on():
            folder.save_history(checkpoint.history)
            save_checkpoint(folder.path, checkpoint)
        if events is not None:
            events.add(checkpoint.history[-1])
        if complaints is not None:
            complaints.look(checkpoint.history)

    return EpochSink(save_best, keep)


@contextmanager
def _said_how_to_go_on() -> Iterator[None]:
    try:
        yield
    except OutputError as error:
        raise OutputError(f"{error}; finished epochs are kept: make room and go on with --resume") from error


def _names(labels: Sequence[str], most: int = 20) -> str:
    return ", ".join(labels[:most]) + (f", ... ({len(labels):,})" if len(labels) > most else "")


def _counts(dataset: Dataset) -> str:
    names = {"train": "training"}
    return ", ".join(f"{len(split):,} {names.get(name, name)}" for name, split in dataset.splits().items())
