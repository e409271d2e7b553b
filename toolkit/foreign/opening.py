"""Opens an ONNX file without a spec as a classifier, with what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import CnnkitError, ModelError
from cnnkit.foreign.answers import judge_output, refuse_argmax
from cnnkit.foreign.describing import ForeignModel, check_count, foreign_spec
from cnnkit.foreign.ending import GraphEnd, graph_end
from cnnkit.foreign.flags import Said, with_limits
from cnnkit.images import prepare_batch
from cnnkit.spec import InputSpec, ModelSpec, main_nodes, read_header, read_model_bytes, tensor_facts

_PROBES = 8  # images of noise, whose answers are held against what the graph says
_AS_FOR_USE = "export it as for inference (model.eval() in PyTorch)"
_DYNAMIC = "DynamicQuantizeLinear"  # which rounds all images of a batch by one scale, rightly
_DARKER = 5  # times
_ROUNDED = 1e-3  # of the largest answer
_MOST_MOVED = 0.05  # of what answers vary by: rounding moves them by less, whatever is beside an image


def describe_session(
    session: Any, path: Path, said: Said, run: Callable[[list[str], dict[str, Any]], list[Any]]
) -> ModelSpec:
    """Returns the spec of a graph that carries none, after running it a few times.

    Args:
        session: An `onnxruntime.InferenceSession` of the file.
        path: The file, for messages.
        said: What the user says of it.
        run: Runs the session: names of outputs, inputs by name.

    Raises:
        UsageError: Something that the file does not settle is not said, or there are not as many labels as numbers.
        ModelError: It is no classifier of one image.
    """
    model = foreign_model(session, path)
    if len(model.inputs) == len(model.outputs) == 1:
        refuse_argmax(model_end(path, model.inputs[0].name, model.outputs[0].name), path)
    spec = foreign_spec(model, said)
    output = model.output(said.output_name)
    nodes, batch = main_nodes(read_model_bytes(path)), model.inputs[0].shape[0]
    asking = _Asking(run, model.inputs[0].name, spec.input, output.name, path)
    values = asking.answers(batch)
    end = graph_end(nodes, model.inputs[0].name, output.name)
    check_count(values.shape[1], spec.labels, path)
    spec = replace(spec, output=judge_output(values, end, said.head, path))
    if not isinstance(batch, int) and all(node.operator != _DYNAMIC for node in nodes):
        asking.refuse_company(_most(values))
    return with_limits(spec, said.limits, path)


def foreign_model(session: Any, path: Path) -> ForeignModel:
    """Returns what a file says of itself; keys that its metadata has twice are left out."""
    inputs, outputs = (tuple(map(tensor_facts, values)) for values in (session.get_inputs(), session.get_outputs()))
    repeated = read_header(path).repeated
    metadata = session.get_modelmeta().custom_metadata_map
    return ForeignModel(path, inputs, outputs, {key: text for key, text in metadata.items() if key not in repeated})


def model_end(path: Path, image: str, output: str) -> GraphEnd:
    """Returns how the graph of an ONNX file ends, by the names of its input and of one of its outputs."""
    return graph_end(main_nodes(read_model_bytes(path)), image, output)


@dataclass(frozen=True)
class _Asking:
    """A graph that is asked about images of noise."""

    run: Callable[[list[str], dict[str, Any]], list[Any]]
    image: str  # the name of its input
    taken: InputSpec
    output: str  # the name of the output
    path: Path  # for messages

    def answers(self, batch: object) -> NDArray[np.float32]:
        """Returns (N, K) answers.

        Args:
            batch: How many images the graph takes at a time, a whole number where that is fixed.

        Raises:
            ModelError: It gives something else than a row an image, or answers by chance.
        """
        noise = self._noise(_PROBES)
        size = batch if isinstance(batch, int) else 1
        parts = np.resize(noise, (-(-_PROBES // size) * size, *noise.shape[1:])).reshape(-1, size, *noise.shape[1:])
        answers, again = (np.concatenate([self._rows(part) for part in parts])[:_PROBES] for _ in range(2))
        if _apart(answers, again) > _most(answers):
            raise ModelError(
                f"{self.path} answers the same image otherwise each time: its dropout or noise is exported as in "
                f"training, {_AS_FOR_USE}"
            )
        return answers

    def _noise(self, count: int) -> NDArray[np.uint8]:
        shape = (count, self.taken.height, self.taken.width, self.taken.channels)
        return np.random.default_rng(0).integers(0, 256, shape, dtype=np.uint8)

    def _rows(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        answer = np.asarray(self.run([self.output], {self.image: prepare_batch(images, self.taken)})[0], np.float32)
        if answer.shape[:1] != (len(images),) and (answer.ndim > 1 or len(images) > 1):
            raise ModelError(
                f"{self.path} gives {answer.shape} for {len(images)} images, expected a row an image: export it with "
                "the images along the first axis"
            )
        return answer.reshape(len(images), -1)

    def refuse_company(self, most: float) -> None:
        """Refuses what answers an image by those beside it: here by one that is darker.

        Args:
            most: How far its answers may be apart.

        Raises:
            ModelError: It does, or cannot be run with two images.
        """
        image = self._noise(1)[0]
        images = np.stack([image, image // _DARKER])
        alone = np.concatenate([self._rows(images[:1]), self._rows(images[1:])])
        try:
            together = self._rows(images)
        except CnnkitError:
            raise
        except Exception as error:  # onnxruntime's classes have no base of their own
            raise ModelError(
                f"{self.path} says that it takes any number of images, and cannot be run with two: export it with a "
                "fixed batch of 1, or with one that is open in all of its graph"
            ) from error
        if _apart(alone, together) > most:
            raise ModelError(
                f"{self.path} answers an image otherwise beside others than alone: its normalisation is exported as "
                f"in training, {_AS_FOR_USE}"
            )


def _most(answers: NDArray[np.float32]) -> float:
    """Returns how far answers to the same image may be apart."""
    return max(_MOST_MOVED * float(np.ptp(answers)), _ROUNDED * float(np.abs(answers).max()))


def _apart(one: NDArray[np.float32], other: NDArray[np.float32]) -> float:
    return float(np.abs(one - other).max(initial=0.0))
