"""Shards of results: the rows of some inputs, in a file that appears whole and is named of the first of them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from itertools import chain
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from cnnkit.errors import CnnkitError, OutputError
from cnnkit.spec import read_model_bytes
from cnnkit.system import check_new_folder, check_writable, make_folder, whole_file, write_bytes, write_text

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

Style = Literal["jsonl", "parquet"]
MANIFEST = "manifest.json"
_ATTEMPTS = 5  # to make a shard
_MODEL = ".model"
_BEGUN = (".cnnkit-*-part-*", ".begun-*")  # what `whole_file` calls a shard that is being written; what `begin` counts
_JSON_INDEX = re.compile(rb'^\{"index": (\d+)', re.MULTILINE)


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
        old = ("part-*.jsonl", "part-*.parquet", f"{_MODEL}.*", MANIFEST)
        for path in chain.from_iterable(map(self.folder.glob, old)):
            path.unlink(missing_ok=True)
        self._remove_begun()

    def path(self, first: int) -> Path:
        """Returns where the shard with this first input is."""
        return self.folder / f"part-{first:012}.{self.style}"

    def begin(self, first: int, inputs: int) -> None:
        """Counts how often a shard is begun, since Ray Data has no end of repeating what ends its process.

        Args:
            first: The index of its first input.
            inputs: How many it has.

        Raises:
            CnnkitError: It was begun often, and never written.
            OutputError: The folder cannot be written.
        """
        begun = self._begun(first)
        try:
            with begun.open("ab") as file:
                file.write(b".")
            attempts = begun.stat().st_size
        except OSError as error:
            raise OutputError(f"cannot write into {self.folder}: {error.strerror or error}") from error
        if attempts > _ATTEMPTS:
            raise CnnkitError(
                f"inputs {first:,} to {first + inputs - 1:,} ended their process {_ATTEMPTS} times: one of them "
                "crashes it, or its machine has too little memory; find it with --engine local"
            )

    def write(self, first: int, rows: Sequence[dict[str, Any]]) -> None:
        """Writes a shard.

        Args:
            first: The index of its first input.
            rows: Fields of the machine formats, with the `index` of their input in front.

        Raises:
            OutputError: It cannot be written.
        """
        if self.style == "jsonl":
            from cnnkit.report import to_json

            write_text(self.path(first), "".join(to_json(row) + "\n" for row in rows))
        else:
            self._write_parquet(first, rows)
        self._begun(first).unlink(missing_ok=True)

    def _write_parquet(self, first: int, rows: Sequence[dict[str, Any]]) -> None:
        import pyarrow
        from pyarrow import parquet

        from cnnkit.report import encodable, parquet_schema

        columns = pyarrow.schema([("index", pyarrow.int64()), *parquet_schema()])
        with whole_file(self.path(first)) as temporary:
            parquet.write_table(pyarrow.Table.from_pylist([encodable(row) for row in rows], schema=columns), temporary)

    @contextmanager
    def shared_copy(self, model: Path) -> Iterator[Path]:
        """Lays a copy of a model file beside the shards, for the other machines, as long as the block lasts."""
        copy = self.folder / f"{_MODEL}{model.suffix}"
        write_bytes(copy, read_model_bytes(model))
        try:
            yield copy
        finally:
            copy.unlink(missing_ok=True)

    def finish(self, shards: Iterable[Shard], inputs: int) -> Shard:
        """Checks that the files hold each input exactly once, and writes the manifest that says so.

        Args:
            shards: What the actors say they have written, in any order.
            inputs: How many there were.

        Returns:
            The sum.

        Raises:
            CnnkitError: Some are lost or doubled.
        """
        self._remove_begun()
        lost, doubled = self.missed(inputs)
        if lost or doubled:
            raise CnnkitError(
                f"the results in {self.folder} are not whole: of {inputs:,} inputs {lost:,} are lost, and {doubled:,} "
                "rows are doubled: run it again with --overwrite"
            )
        shards = sorted(shards, key=lambda shard: shard.first)
        total = Shard(0, inputs, sum(shard.failed for shard in shards))
        manifest = {"inputs": inputs, "failed": total.failed, "shards": [asdict(shard) for shard in shards]}
        write_text(self.folder / MANIFEST, json.dumps(manifest) + "\n")
        return total

    def missed(self, inputs: int) -> tuple[int, int]:
        """Reads the shards that are there.

        Args:
            inputs: How many there were.

        Returns:
            How many inputs have no row, and how many rows are there besides one for each input.
        """
        import numpy as np

        rows, more = np.zeros(inputs, np.int64), 0
        for path in self.folder.glob(f"part-*.{self.style}"):
            indices = self._indices(path)
            known = indices[indices < inputs]
            more += len(indices) - len(known)
            np.add.at(rows, known, 1)
        return int((rows == 0).sum()), more + int(np.maximum(rows - 1, 0).sum())

    def _indices(self, path: Path) -> NDArray[np.int64]:
        import numpy as np

        try:
            if self.style == "jsonl":
                return np.array(_JSON_INDEX.findall(path.read_bytes()), dtype=np.int64)
            from pyarrow import parquet

            return np.asarray(parquet.read_table(path, columns=["index"])["index"], dtype=np.int64)
        except OSError as error:
            raise OutputError(f"cannot read {path} again: {error.strerror or error}") from error

    def _begun(self, first: int) -> Path:
        return self.folder / f".begun-{first:012}"

    def _remove_begun(self) -> None:
        """Removes what a machine had begun to write when it was lost."""
        for path in chain.from_iterable(map(self.folder.glob, _BEGUN)):
            path.unlink(missing_ok=True)
