"""Opens an ONNX file without a spec as a classifier, with what is said of it."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np

from cnnkit.foreign.answers import output_kind
from cnnkit.foreign.describing import ForeignModel, foreign_spec
from cnnkit.foreign.flags import Said
from cnnkit.images import prepare_batch
from cnnkit.spec import ModelSpec, tensor_facts

_PROBES = 8  # images of noise, whose answers tell probabilities from logits


def describe_session(session: Any, path: Path, said: Said) -> ModelSpec:
    """Returns the spec of a graph that carries none, after running it a few times.

    Args:
        session: An `onnxruntime.InferenceSession` of the file.
        path: The file, for messages.
        said: What the user says of it.

    Raises:
        UsageError: Something that the file does not settle is not said.
        ModelError: It is no classifier of one image.
    """
    inputs, outputs = (tuple(map(tensor_facts, values)) for values in (session.get_inputs(), session.get_outputs()))
    model = ForeignModel(path, inputs, outputs, session.get_modelmeta().custom_metadata_map)
    spec = foreign_spec(model, said)
    taken = spec.input
    shape = (taken.height, taken.width, taken.channels)
    noise = np.random.default_rng(0).integers(0, 256, (_PROBES, *shape), dtype=np.uint8)
    batch = inputs[0].shape[0] if isinstance(inputs[0].shape[0], int) else 1
    parts = np.concatenate([noise] * batch)[: _PROBES * batch].reshape(_PROBES, batch, *shape)
    answers = [session.run(None, {inputs[0].name: prepare_batch(part, taken)})[0] for part in parts]
    values = np.concatenate([np.asarray(answer, np.float32).reshape(batch, -1) for answer in answers])
    return replace(spec, output=output_kind(values, path))
