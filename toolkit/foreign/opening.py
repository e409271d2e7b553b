"""Opens an ONNX file without a spec as a classifier, with what is said of it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.foreign.answers import judge_output, refuse_argmax
from cnnkit.foreign.describing import ForeignModel, check_count, foreign_spec
from cnnkit.foreign.ending import GraphEnd, graph_end
from cnnkit.foreign.flags import Said, with_limits
from cnnkit.images import prepare_batch
from cnnkit.spec import InputSpec, ModelSpec, TensorFacts, main_nodes, read_header, read_model_bytes, tensor_facts

_PROBES = 8  # images of noise, whose answers are held against what the graph says


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
    values = _answers(run, model.inputs[0], spec.input, output.name)
    end = model_end(path, model.inputs[0].name, output.name)
    check_count(values.shape[1], spec.labels, path)
    spec = replace(spec, output=judge_output(values, end, said.head, path))
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


def _answers(
    run: Callable[[list[str], dict[str, Any]], list[Any]], image: TensorFacts, taken: InputSpec, output: str
) -> NDArray[np.float32]:
    """Returns (N, K) answers to images of noise."""
    noise = np.random.default_rng(0).integers(
        0, 256, (_PROBES, taken.height, taken.width, taken.channels), dtype=np.uint8
    )
    batch = image.shape[0] if isinstance(image.shape[0], int) else 1
    shape = noise.shape[1:]
    parts = np.resize(noise, (-(-_PROBES // batch) * batch, *shape)).reshape(-1, batch, *shape)
    answers = [run([output], {image.name: prepare_batch(part, taken)})[0] for part in parts]
    return np.concatenate([np.asarray(answer, np.float32).reshape(batch, -1) for answer in answers])[:_PROBES]
