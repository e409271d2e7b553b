"""`cnnkit predict --engine ray`: what of the command's options a cluster can do."""

from __future__ import annotations

import sys
from pathlib import Path

from cnnkit.cluster.engine import RayOptions, run_on_ray
from cnnkit.cluster.shards import Shard, ShardWriter
from cnnkit.cluster.worker import WorkerOptions
from cnnkit.errors import UsageError
from cnnkit.predicting import OutputOptions, PredictRun, RunCounts, count
from cnnkit.runtime import bundled_model
from cnnkit.sources import expand_sources
from cnnkit.system import log


def predict_on_ray(run: PredictRun, address: str) -> Shard:
    """Predicts all that the sources name on a Ray cluster, into a folder of shards.

    Args:
        run: As for `run_predict`; its output is the folder.
        address: Of the cluster.

    Returns:
        How many images there were and how many failed; their rows say why.

    Raises:
        UsageError: Something is asked for that is done on one machine alone.
        SourceError: There is nothing to predict.
        OutputError: The folder cannot be written, or is not empty.
    """
    writer = _writer(run)
    worker = WorkerOptions(run.provider, run.said, run.mirrored, run.predict, writer, Path.cwd(), run.threads or 1)
    counts = RunCounts()
    images = counts.wanted(expand_sources(run.sources, sys.stdin.buffer, run.source))
    model = run.models[0] if run.models else bundled_model()
    done = run_on_ray(images, model, worker, RayOptions(address, overwrite=run.report.overwrite))
    counts.add_done(done.inputs, done.failed)
    counts.require_images(run.sources)
    log.info("%s in %s", count(done.inputs, "image"), writer.folder)
    counts.log_all()
    return done


def _writer(run: PredictRun) -> ShardWriter:
    style, folder = run.report.style, run.report.output
    if folder is None or run.report.to_stdout or style not in ("jsonl", "parquet"):
        raise UsageError("--engine ray writes a folder of shards: add --output DIR, and --format jsonl or parquet")
    if len(run.models) > 1:
        raise UsageError("--engine ray takes one --model")
    if run.source.insecure:
        raise UsageError("--engine ray checks certificates: leave --insecure out")
    if run.resume or run.outputs != OutputOptions(overwrite=run.report.overwrite):
        raise UsageError(
            "--engine ray writes shards alone: leave --resume, --annotate, --sort-into, --link and --grid out"
        )
    return ShardWriter(folder.absolute(), style)
