"""An .h5 file of Keras 2 as one of Keras 3."""

from __future__ import annotations

import json
import shutil
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnkit.runtime.legacy.structure import modern, without_modules

_CONFIG = "model_config"  # the attribute of the file: the model's structure, as JSON


@contextmanager
def readable_file(path: Path) -> Iterator[Path]:
    """Yields an .h5 file that Keras 3 reads: the file itself, or, for the time of the block, a copy put right.

    Args:
        path: A file in HDF5. One without a structure, or with one that is no JSON, is left for Keras to refuse.
    """
    written, version = _structure(path)
    readable = modern(written if version.startswith("3.") else without_modules(written))
    if readable == written:
        yield path
        return
    import h5py

    with tempfile.TemporaryDirectory() as folder:
        copy = Path(folder) / path.name
        shutil.copyfile(path, copy)
        with h5py.File(copy, "r+") as file:
            file.attrs[_CONFIG] = json.dumps(readable)
        yield copy


def _text(attribute: Any) -> str:
    return attribute.decode(errors="replace") if isinstance(attribute, bytes) else str(attribute)


def _structure(path: Path) -> tuple[Any, str]:
    """Returns what the file says of the model's structure, None where it says nothing, and the version of Keras."""
    import h5py

    try:
        with h5py.File(path, "r") as file:
            return json.loads(file.attrs.get(_CONFIG, "null")), _text(file.attrs.get("keras_version", ""))
    except (OSError, ValueError):  # Keras names it
        return None, ""
