"""Prediction rows as a Parquet file, for tables too large for CSV; the extra `parquet`."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnkit.report.rows import PredictionRow
from cnnkit.system import check_new_file, require, whole_file

_GROUP = 20_000  # rows of a row group, and so the most that are held in memory


class ParquetWriter:
    """Collects rows into row groups.

    Args:
        writer: A `pyarrow.parquet.ParquetWriter` of `parquet_schema()`.
    """

    def __init__(self, writer: Any) -> None:
        self._writer = writer
        self._rows: list[dict[str, Any]] = []

    def write(self, rows: Sequence[PredictionRow]) -> None:
        """Takes the rows of one batch."""
        self._rows += (encodable(row.fields()) for row in rows)
        if len(self._rows) >= _GROUP:
            self._write_group()

    def close(self) -> None:
        """Writes the last row group."""
        self._write_group()

    def _write_group(self) -> None:
        import pyarrow

        if self._rows:
            self._writer.write_table(pyarrow.Table.from_pylist(self._rows, schema=self._writer.schema))
        self._rows = []


@contextmanager
def open_parquet(path: Path, *, overwrite: bool) -> Iterator[ParquetWriter]:
    """Opens a Parquet file, which appears whole or not at all.

    Raises:
        OutputError: The file exists already, or cannot be written.
        MissingExtraError: pyarrow is not installed.
    """
    require("--format parquet", "parquet", "pyarrow")
    from pyarrow import parquet

    check_new_file(path, overwrite=overwrite)
    with whole_file(path) as temporary, parquet.ParquetWriter(temporary, parquet_schema()) as writer:
        rows = ParquetWriter(writer)
        yield rows
        rows.close()


def parquet_schema() -> Any:
    """Returns the columns as a `pyarrow.Schema`; those that a row does not need are null."""
    import pyarrow

    text, double = pyarrow.string(), pyarrow.float64()
    top = pyarrow.list_(pyarrow.struct([("label", text), ("probability", double)]))
    return pyarrow.schema([
        ("source", text), ("member", text), ("frame", pyarrow.int64()), ("seconds", double), ("model", text),
        ("label", text), ("confidence", double), ("top", top), ("error", text),
        ("warning", text),
    ])  # fmt: skip


def encodable(fields: dict[str, Any]) -> dict[str, Any]:
    """Replaces bytes of names that are no UTF-8 by escapes, since Parquet takes UTF-8 alone."""
    return {
        name: value.encode(errors="backslashreplace").decode() if isinstance(value, str) else value
        for name, value in fields.items()
    }
