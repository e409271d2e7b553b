"""What a training is asked to do, and the images it loads for that."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

from cnnkit.images import DEFAULT_MAX_PIXELS
from cnnkit.spec import Color, InputSpec, Resize
from cnnkit.train.architectures import find_architecture
from cnnkit.train.data import DEFAULT_CACHE_MIB, Dataset, FileRules, FolderOptions, SplitOptions, load_dataset
from cnnkit.train.devices import DeviceOptions
from cnnkit.train.recipes.recipe import Recipe


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
    weights_file: Path | None = None  # what all layers, or all but the last, start from
    data_folder: Path | None = None  # CIFAR-10's binary version
    max_images: int | None = None  # keep at most this many training images
    resume: bool = False
    overwrite: bool = False
    tensorboard: bool = False  # write every epoch for TensorBoard, too
    devices: DeviceOptions = field(default_factory=DeviceOptions)
    more_data: tuple[str, ...] = ()  # further folders to train on
    val_data: Path | None = None  # a folder that chooses the epoch
    test_data: Path | None = None  # a folder to measure with
    strict: bool = False  # stop at an image that cannot be read
    max_pixels: int = DEFAULT_MAX_PIXELS  # the most pixels to decode of one image
    image_cache: int = DEFAULT_CACHE_MIB  # MiB of decoded images that are kept in memory
    earlier: Path | None = None  # the model.keras of an earlier run, whose weights the training begins with
    # The recipe's fields that may follow the number of images, since nobody asked for them.
    free: frozenset[str] = field(default=frozenset(), compare=False)

    def folder_options(self) -> FolderOptions:
        """Returns what the dataset has besides its first folder, and how its files are read."""
        rules = FileRules(self.strict, self.max_pixels)
        return FolderOptions(self.more_data, self.val_data, self.test_data, rules, self.image_cache)

    def input_spec(self) -> InputSpec:
        """Returns what the Keras network takes: pixels from 0 to 255 as float32, standardised inside."""
        size = self.size or find_architecture(self.architecture).size
        channels = 1 if self.color == "gray" else 3
        return InputSpec(size, size, channels, self.color, dtype="float32", resize=self.resize)


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
