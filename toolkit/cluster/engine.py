"""`cnnkit predict --engine ray`: inputs go in blocks to the actors of a cluster, shards of results come out."""

from __future__ import annotations

import logging
import os
import socket
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cnnkit.cluster.shards import Shard
from cnnkit.cluster.worker import ShardPredictor, WorkerOptions
from cnnkit.errors import CnnkitError, UsageError
from cnnkit.extras import require
from cnnkit.sources.found import FoundImage

BLOCK = 1000  # inputs of a shard
_CONNECT_S = 10


@dataclass(frozen=True)
class RayOptions:
    """Where the work is done."""

    address: str = "auto"  # of a cluster that runs already: "auto", "host:6379", "ray://host:10001"
    actors: int | None = None  # None takes one a processor of the cluster
    block: int = BLOCK
    overwrite: bool = False  # whether the folder of shards may hold earlier ones


def run_on_ray(images: Iterable[FoundImage], model: Path, worker: WorkerOptions, options: RayOptions) -> Shard:
    """Answers images on a Ray cluster.

    Ray Data gives the blocks to a pool of actors, starts actors again that are lost, and repeats what they had not
    finished; a shard that was finished already is then written once more, as the same file.

    Args:
        images: Files at paths that every machine of the cluster sees, and web addresses.
        model: A model file, which this machine alone needs.
        worker: How each actor answers, and where the shards go: a folder that every machine sees.
        options: Where.

    Returns:
        How many inputs there were and how many failed.

    Raises:
        MissingExtraError: Ray is not installed.
        CnnkitError: There is no cluster at the address, it fails, or inputs are lost or doubled.
        UsageError: There are members of archives or frames of videos, which are read on one machine.
    """
    require("cnnkit predict --engine ray", "ray", "ray", "pyarrow")
    ray = _connected(options.address)
    try:
        worker.writer.open(overwrite=options.overwrite)
        blocks, inputs = [], 0
        for table in _tables(images, options.block):
            inputs += table.num_rows
            blocks.append(ray.put(table))
        with worker.writer.shared_copy(model) as copy:
            shards = _answered(ray, blocks, copy, worker, options) if blocks else []
        return worker.writer.finish(shards, inputs)
    except ray.exceptions.RayError as error:
        raise CnnkitError(f"the Ray cluster failed: {_short(error)}") from error
    finally:
        ray.shutdown()


def _connected(address: str) -> Any:
    """Returns Ray, connected to a cluster that runs already, and quiet."""
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_DEDUP_LOGS", "0")
    import ray

    try:
        _check_answers(address)
        ray.init(address, logging_level=logging.ERROR, log_to_driver=False)
    except (OSError, RuntimeError, ValueError) as error:
        raise CnnkitError(
            f"no Ray cluster can be used at {address} ({_short(error)}): start one with ray start --head, and name its "
            "address with --address"
        ) from error
    return ray


def _check_answers(address: str) -> None:
    """Tries the address first: Ray itself tries an address that does not answer for minutes."""
    host, colon, port = address.removeprefix("ray://").rpartition(":")
    if colon and port.isdecimal():
        socket.create_connection((host.strip("[]"), int(port)), _CONNECT_S).close()


def _tables(images: Iterable[FoundImage], size: int) -> Iterator[Any]:
    """Makes pyarrow tables of `index`, `source` and `problem`."""
    import pyarrow

    columns = pyarrow.schema([("index", pyarrow.int64()), ("source", pyarrow.binary()), ("problem", pyarrow.string())])
    remaining, first = iter(images), 0
    while block := list(islice(remaining, size)):
        rows = [
            {"index": first + number, "source": _path(found), "problem": found.problem}
            for number, found in enumerate(block)
        ]
        first += len(rows)
        yield pyarrow.Table.from_pylist(rows, schema=columns)


def _path(found: FoundImage) -> bytes:
    """Returns a path's own bytes, which need be no text."""
    if found.member is not None or found.frame is not None:
        raise UsageError(f"{found.name} is read on one machine: leave --engine ray out for archives and videos")
    return os.fsencode(found.source)


def _answered(ray: Any, blocks: list[Any], model: Path, worker: WorkerOptions, options: RayOptions) -> list[Shard]:
    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.ERROR)
    actors = options.actors or max(1, int(ray.cluster_resources().get("CPU", 1)))
    answers = ray.data.from_arrow_refs(blocks).map_batches(
        ShardPredictor,
        fn_constructor_args=(model, worker),
        batch_size=None,  # a block as it is: the name of its shard depends on it
        batch_format="pyarrow",
        num_cpus=1,
        concurrency=min(actors, len(blocks)),
    )
    return [Shard(row["first"], row["inputs"], row["failed"]) for row in answers.iter_rows()]


def _short(error: BaseException) -> str:
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    return lines[-1][:240] if lines else type(error).__name__
