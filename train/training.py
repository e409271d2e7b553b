"""One training from data to a complete run folder."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from cnnkit.files import sha256
from cnnkit.images import DEFAULT_MAX_PIXELS
from cnnkit.messages import log
from cnnkit.spec import InputSpec, ModelSpec
from cnnkit.spec.fields import Color, Resize
from cnnkit.train.architectures import NetworkShape, build_network, check_size, find_architecture
from cnnkit.train.checkpoint import Checkpoint, load_checkpoint, save_checkpoint
from cnnkit.train.data import Dataset, SplitOptions
from cnnkit.train.data_pictures import draw_class_counts, draw_samples
from cnnkit.train.datasets import load_dataset
from cnnkit.train.devices import DeviceOptions, Devices, prepare_devices
from cnnkit.train.epoch_rules import History, best_epoch
from cnnkit.train.fit import fit
from cnnkit.train.folder_data import DEFAULT_CACHE_MIB, FolderOptions
from cnnkit.train.objective import balanced_weights
from cnnkit.train.optimizers import Steps, kept_bytes
from cnnkit.train.outcome import Outcome, finish_run
from cnnkit.train.recipe import Recipe
from cnnkit.train.recorder import EpochSink
from cnnkit.train.runs import RunConfig, RunFolder
from cnnkit.train.standardise import fit_standardisation
from cnnkit.train.survey import FileRules
from cnnkit.train.teacher import Teacher, model_file
from cnnkit.train.trainer import Trainer


@dataclass(frozen=True)
class TrainingRequest:
    """What to train, on what, and where to keep it."""

    data: str  # digits, cifar10 or a folder
    architecture: str  # as `choose_architecture` reads it
    recipe: Recipe
    out: Path  # the run folder
    size: int | None = None  # pixels a side; None takes the architecture's own
    color: Color = "rgb"
    resize: Resize = "squash"
    validation: float = 0.1  # share of the training images held out to choose the epoch
    seed: int = 0
    teacher: Path | None = None  # a run folder or its model.keras, whose answers are learned as well
    data_folder: Path | None = None  # CIFAR-10's binary version
    max_images: int | None = None  # keep at most this many training images
    resume: bool = False
    overwrite: bool = False
    devices: DeviceOptions = field(default_factory=DeviceOptions)
    more_data: tuple[str, ...] = ()  # further folders to train on
    val_data: Path | None = None  # a folder that chooses the epoch
    test_data: Path | None = None  # a folder to measure with
    strict: bool = False  # stop at an image that cannot be read
    max_pixels: int = DEFAULT_MAX_PIXELS  # the most pixels to decode of one image
    image_cache: int = DEFAULT_CACHE_MIB  # MiB of decoded images that are kept in memory

    def folder_options(self) -> FolderOptions:
        """Returns what the dataset has besides its first folder, and how its files are read."""
        rules = FileRules(self.strict, self.max_pixels)
        return FolderOptions(self.more_data, self.val_data, self.test_data, rules, self.image_cache)

    def input_spec(self) -> InputSpec:
        """Returns what the Keras network takes: pixels from 0 to 255 as float32, standardised inside."""
        size = self.size or find_architecture(self.architecture).size
        channels = 1 if self.color == "gray" else 3
        return InputSpec(size, size, channels, self.color, dtype="float32", resize=self.resize)


def run_training(request: TrainingRequest) -> Outcome:
    """Trains a network and fills its run folder; test images are looked at once, at the end.

    Raises:
        UsageError: Unknown architecture, images too small for it, or a run folder that must not be touched.
        DataError: Data that cannot be trained on, weights that are not to be had, or a loss that is no number any more.
        OutputError: The run folder cannot be written.
    """
    spec = request.input_spec()
    check_size(request.architecture, spec.height, spec.width)
    folder = RunFolder(request.out)
    folder.check(resume=request.resume, overwrite=request.overwrite)
    dataset = load_images(request)
    record = dataset.record()
    devices = prepare_devices(request.devices, request.seed)
    with devices.scope():
        network = _build(request, dataset, spec)  # before the folder is made, since both may fail
    teacher = Teacher(request.teacher, dataset.labels, spec) if request.teacher else None
    config = _config(request, dataset.name, record.fingerprint)
    kept = kept_bytes(request.recipe, network.count_params())
    folder.start(config, kept, resume=request.resume, overwrite=request.overwrite)
    if not request.resume:
        draw_class_counts(dataset, folder.plots / "classes.png")
        draw_samples(dataset, request.color, request.seed, folder.plots / "samples.png")
    log.info("%s: %s images, %d classes; %s", dataset.name, _counts(dataset), len(dataset.labels), devices.describe())
    log.info("%s: %s parameters", request.architecture, f"{network.count_params():,}")
    history = _train(request, network, teacher, dataset, devices, folder)
    best = best_epoch(history, request.recipe.checkpoint)
    spec_of_network = ModelSpec(dataset.labels, spec)
    return finish_run(folder, network, history, best, dataset, spec_of_network, request_facts(request, record))


def load_images(request: TrainingRequest) -> Dataset:
    """Loads what a training would train on.

    Raises:
        DataError: It cannot be trained on.
    """
    return load_dataset(
        request.data,
        request.input_spec(),
        SplitOptions(validation=request.validation, seed=request.seed),
        data_folder=request.data_folder,
        max_images=request.max_images,
        folders=request.folder_options(),
    )


def _build(request: TrainingRequest, dataset: Dataset, spec: InputSpec) -> Any:
    scaled = request.recipe.standardise == "mean-std"
    offset, spread = fit_standardisation(dataset.train) if scaled else (0, 255.0)
    shape = NetworkShape(spec.height, spec.width, spec.channels, len(dataset.labels), offset, spread)
    return build_network(request.architecture, shape)


def _train(
    request: TrainingRequest,
    network: Any,
    teacher: Teacher | None,
    dataset: Dataset,
    devices: Devices,
    folder: RunFolder,
) -> History:
    recipe = request.recipe
    steps = Steps(-(-len(dataset.train) // recipe.batch_size), recipe.epochs)
    weights = balanced_weights(dataset.train.targets, len(dataset.labels)) if recipe.class_weights else None
    with devices.scope():
        trainer = Trainer(network, recipe, devices, steps, request.seed, class_weights=weights, teacher=teacher)
    start = load_checkpoint(folder.path) if request.resume else None
    if start:
        log.info("going on after epoch %d", len(start.history))

    def keep(checkpoint: Checkpoint) -> None:
        folder.save_history(checkpoint.history)
        save_checkpoint(folder.path, checkpoint)

    return fit(trainer, dataset, recipe, request.seed, start, EpochSink(folder.save_model, keep))


def request_facts(request: TrainingRequest, record: Any) -> Any:
    """Returns the part of the provenance that is known before training."""
    from cnnkit import __version__
    from cnnkit.spec import Provenance

    return Provenance(
        cnnkit_version=__version__,
        architecture=request.architecture,
        recipe=request.recipe.name,
        seed=request.seed,
        dataset=record,
    )


def _config(request: TrainingRequest, name: str, fingerprint: str) -> RunConfig:
    return RunConfig(
        data=name,
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
        fingerprint=fingerprint,
        val_data=request.val_data.resolve().name if request.val_data else None,
        test_data=request.test_data.resolve().name if request.test_data else None,
    )


def _counts(dataset: Dataset) -> str:
    names = {"train": "training"}
    return ", ".join(f"{len(split):,} {names.get(name, name)}" for name, split in dataset.splits().items())
