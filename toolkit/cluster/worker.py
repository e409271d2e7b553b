"""What runs on the cluster: an actor with one session, which makes a shard of results of a block of inputs."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cnnkit.cluster.shards import ShardWriter
from cnnkit.foreign import Said
from cnnkit.predicting import FlipAveraged, NamedClassifier, PredictOptions, Predictor
from cnnkit.runtime import load_model
from cnnkit.sources import FoundImage


@dataclass(frozen=True)
class WorkerOptions:
    """How each actor answers."""

    provider: str
    said: Said | None
    mirrored: bool
    predict: PredictOptions
    writer: ShardWriter
    current: Path  # the folder to which relative paths of inputs belong
    threads: int = 1  # of one inference; an actor has one processor


class ShardPredictor:
    """Answers blocks of inputs; Ray keeps one in each of its actors.

    Args:
        model: A model file that every machine sees.
        options: See there.
    """

    def __init__(self, model: Path, options: WorkerOptions) -> None:
        if options.current.is_dir():
            os.chdir(options.current)  # the process is Ray's, and this actor's alone
        loaded = load_model(model, threads=options.threads, provider=options.provider, said=options.said)
        classifier = FlipAveraged(loaded.classifier) if options.mirrored else loaded.classifier
        self._writer = options.writer
        self._predictor = Predictor([NamedClassifier(classifier)], options.predict)

    def __call__(self, block: Any) -> Any:
        """Answers a block and writes its shard.

        Args:
            block: A pyarrow.Table with `index`, `source` and `problem`, of inputs that follow one another.

        Returns:
            A pyarrow.Table of one row: `first`, `inputs`, `failed`.
        """
        import pyarrow

        inputs = block.to_pylist()
        first = inputs[0]["index"]
        self._writer.begin(first, len(inputs))
        images = (_found(each) for each in inputs)
        rows = [row for outcomes in self._predictor.outcomes(images) for outcome in outcomes for row in outcome.rows]
        self._writer.write(first, [{"index": first + number, **row.fields()} for number, row in enumerate(rows)])
        failed = sum(row.error is not None for row in rows)
        return pyarrow.table({"first": [first], "inputs": [len(inputs)], "failed": [failed]})


def _found(fields: dict[str, Any]) -> FoundImage:
    from cnnkit.sources import is_web_address, web_image

    source = os.fsdecode(fields["source"])
    if fields["problem"] is None and is_web_address(source):
        return web_image(source)
    return FoundImage(source, fields["problem"])
