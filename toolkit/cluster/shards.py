"""Shards of results: the rows of some inputs, in a file that appears whole and is named of the first of them."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

from cnnkit.errors import CnnkitError, OutputError
from cnnkit.files import check_new_folder, check_writable, make_folder, whole_file, write_bytes, write_text
from cnnkit.onnx_header import read_model_bytes

Style = Literal["jsonl", "parquet"]
MANIFEST = "manifest.json"


@dataclass(frozen=True)
class Shard:
    """What is in one file."""

    first: int  # index of its first input
    inputs: int
    failed: int  # inputs of which a row has an error


@dataclass(frozen=True)
class ShardWriter:
    """Writes shards into a folder that every machine sees.

    A shard that is written twice, since the machine that wrote it was lost before it could say so, is the same file.
    """

    folder: Path
    style: Style

    def open(self, *, overwrite: bool) -> None:
        """Makes the folder.

        Raises:
            OutputError: It exists and is not empty, or cannot be written.
        """
        empty = self.folder.is_dir() and not any(self.folder.iterdir())
        check_new_folder(self.folder, overwrite=overwrite or empty)
        make_folder(self.folder)
        check_writable(self.folder)
        for old in (*self.folder.glob("part-*.jsonl"), *self.folder.glob("part-*.parquet"), self.folder / MANIFEST):
            old.unlink(missing_ok=True)

    def path(self, first: int) -> Path:
        """Returns where the shard with this first input is."""
        return self.folder / f"part-{first:012}.{self.style}"

    def write(self, first: int, rows: Sequence[dict[str, Any]]) -> None:
        """Writes a shard.

        Args:
            first: The index of its first input.
            rows: Fields of the machine formats, with the `index` of their input in front.

        Raises:
            OutputError: It cannot be written.
        """
        if self.style == "jsonl":
            from cnnkit.report.json_output import to_json

            write_text(self.path(first), "".join(to_json(row) + "\n" for row in rows))
            return
        import pyarrow
        from pyarrow import parquet

        from cnnkit.report.parquet import encodable, schema

        columns = pyarrow.schema([("index", pyarrow.int64()), *schema()])
        with whole_file(self.path(first)) as temporary:
            parquet.write_table(pyarrow.Table.from_pylist([encodable(row) for row in rows], schema=columns), temporary)

    @contextmanager
    def shared_copy(self, model: Path) -> Iterator[Path]:
        """Lays a copy of a model file beside the shards, for the other machines, as long as the block lasts."""
        copy = self.folder / f".model{model.suffix}"
        write_bytes(copy, read_model_bytes(model))
        try:
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def finish(self, shards: Iterable[Shard], inputs: int) -> Shard:
        """Checks that the shards hold each input exactly once, and writes the manifest that says so.

        Args:
            shards: All of them, in any order.
            inputs: How many there were.

        Returns:
            The sum.

        Raises:
            CnnkitError: Some are lost or doubled.
        """
        shards = sorted(shards, key=lambda shard: shard.first)
        expected = 0
        for shard in shards:
            if shard.first != expected or not self.path(shard.first).is_file():
                raise CnnkitError(
                    f"the results in {self.folder} are not whole from input {expected:,} on: run it again"
                )
            expected += shard.inputs
        if expected != inputs:
            raise CnnkitError(
                f"the results in {self.folder} are of {expected:,} inputs, expected {inputs:,}: run it again"
            )
        total = Shard(0, inputs, sum(shard.failed for shard in shards))
        manifest = {"inputs": inputs, "failed": total.failed, "shards": [asdict(shard) for shard in shards]}
        try:
            write_text(self.folder / MANIFEST, json.dumps(manifest) + "\n")
        except OSError as error:
            raise OutputError(f"cannot write {self.folder / MANIFEST}: {error}") from error
        return total
