"""`cnnkit predict --engine ray`: inputs go in blocks to the actors of a cluster, shards of results come out."""

from __future__ import annotations

import logging
import os
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

from cnnkit.cluster.connection import connected, is_client
from cnnkit.cluster.shards import Shard
from cnnkit.cluster.worker import ShardPredictor, WorkerOptions
from cnnkit.errors import CnnkitError, UsageError
from cnnkit.sources import FoundImage
from cnnkit.system import require

BLOCK = 1000  # inputs of a shard
_SHOWN = 400  # characters of what Ray says
_OWN_ERROR = re.compile(r"^cnnkit\.errors\.\w+: ")


@dataclass(frozen=True)
class RayOptions:
    """Where the work is done."""

    address: str = "auto"  # of a cluster that runs already: "auto", "host:6379", "ray://host:10001"
    actors: int | None = None  # None takes as many as the processors of the cluster have room for
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
    with connected(options.address) as ray:
        try:
            room = _room(ray.nodes(), worker.threads, options.address)
            worker.writer.open(overwrite=options.overwrite)
            blocks, inputs = [], 0
            for table in _tables(images, options.block):
                inputs += table.num_rows
                blocks.append(ray.put(table))
            actors = min(options.actors or room, room, len(blocks))
            with worker.writer.shared_copy(model) as copy:
                shards = _on_cluster(ray, options.address, blocks, copy, worker, actors) if blocks else []
            return worker.writer.finish(shards, inputs)
        except ray.exceptions.RayError as error:
            raise CnnkitError(f"the Ray cluster failed: {_short(error)}") from error


def _room(nodes: Iterable[dict[str, Any]], threads: int, address: str) -> int:
    """Returns how many actors there is room for: Ray waits for ever for what no machine has.

    Args:
        nodes: What `ray.nodes()` gives.
        threads: Processors of an actor.
        address: Of the cluster.

    Raises:
        CnnkitError: There is room for none.
    """
    processors = [int(node["Resources"].get("CPU", 0)) for node in nodes if node["Alive"]]
    room = sum(each // threads for each in processors)
    if not room:
        raise CnnkitError(
            f"no machine of the Ray cluster at {address} has {threads} CPU for an actor (they have "
            f"{', '.join(map(str, processors))}): add machines with ray start --address, or ask for fewer --threads"
        )
    return room


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
    return os.fsencode(found.source if found.address is None else found.address.reveal())


def _on_cluster(ray: Any, address: str, *arguments: Any) -> list[Shard]:
    if not is_client(address):
        return _answered(*arguments)
    # Ray Data wants a process of the cluster, which a client is not: a task that takes no processor is one.
    task = ray.remote(num_cpus=0)(_answered)
    shards: list[Shard] = ray.get(task.remote(*arguments))
    return shards


def _answered(blocks: list[Any], model: Path, worker: WorkerOptions, actors: int) -> list[Shard]:
    import ray.data

    context = ray.data.DataContext.get_current()
    context.enable_progress_bars = context.print_on_execution_start = False
    logging.getLogger("ray.data").setLevel(logging.CRITICAL)  # what fails is raised as well
    answers = ray.data.from_arrow_refs(blocks).map_batches(
        ShardPredictor,
        fn_constructor_args=(model, worker),
        batch_size=None,  # a block as it is: the name of its shard depends on it
        batch_format="pyarrow",
        num_cpus=worker.threads,
        concurrency=actors,
    )
    return [Shard(row["first"], row["inputs"], row["failed"]) for row in answers.iter_rows()]


def _short(error: BaseException) -> str:
    """Returns one line of what Ray says: that with an error of cnnkit where there is one, else the last."""
    lines = [line.strip() for line in str(error).splitlines() if line.strip()]
    own = [_OWN_ERROR.sub("", line) for line in lines if _OWN_ERROR.match(line)]
    return (own or lines or [type(error).__name__])[-1][:_SHOWN]
