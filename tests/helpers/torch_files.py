"""Files in torch's legacy format, made without torch: opcodes and bytes, right ones and every kind of wrong one."""

from __future__ import annotations

import math
import pickle
import struct
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

HEAD = b"".join(pickle.dumps(value, 2) for value in (0x1950A86A20F9469CFC6C, 1001, {"little_endian": True}))
_TYPES = {"f": "torch FloatStorage", "i": "torch LongStorage"}


@dataclass(frozen=True)
class Tensor:
    """An entry of the state, which may state anything."""

    key: str
    count: int  # that it states for its storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]
    kind: str = "f"

    def opcodes(self) -> bytes:
        storage = [text("storage"), name(_TYPES[self.kind]), text(self.key), text("cpu"), whole(self.count), b"N"]
        sizes = [whole(self.offset), several(map(whole, self.shape)), several(map(whole, self.strides))]
        hooks = name("collections OrderedDict") + b")R"
        return (
            name("torch._utils _rebuild_tensor_v2") + several([several(storage) + b"Q", *sizes, b"\x89", hooks]) + b"R"
        )


def name(dotted: str) -> bytes:
    module, attribute = dotted.split(" ")
    return b"c" + module.encode() + b"\n" + attribute.encode() + b"\n"


def text(word: str) -> bytes:
    return b"X" + struct.pack("<I", len(word.encode())) + word.encode()


def whole(number: int) -> bytes:
    return pickle.dumps(number, 2)[2:-1]


def several(values: Iterable[bytes]) -> bytes:
    """A tuple, by the opcodes that pickle itself would take."""
    values = list(values)
    short = {0: b")", 1: b"\x85", 2: b"\x86", 3: b"\x87"}
    return b"".join(values) + short[len(values)] if len(values) in short else b"(" + b"".join(values) + b"t"


def state(entries: Mapping[str, bytes]) -> bytes:
    """The pickle of an ordered dictionary, by the opcodes that pickle itself would take."""
    pairs = b"".join(text(key) + value for key, value in entries.items())
    items = b"(" + pairs + b"u" if len(entries) > 1 else pairs + b"s"
    return b"\x80\x02" + name("collections OrderedDict") + b")R" + items + b"."


def storages(values: Mapping[str, NDArray[Any]]) -> bytes:
    """The list of keys, and behind it each count with its values."""
    raw = b"".join(struct.pack("<q", len(each)) + each.tobytes() for each in values.values())
    return pickle.dumps(list(values), 2) + raw


def torch_file(entries: Mapping[str, Tensor], values: Mapping[str, NDArray[Any]]) -> bytes:
    return HEAD + state({key: entry.opcodes() for key, entry in entries.items()}) + storages(values)


def file_of(arrays: Mapping[str, NDArray[Any]]) -> bytes:
    """A file of these arrays, each in a storage of its own, its dimensions in reverse order: none is contiguous."""
    entries, values = {}, {}
    for number, (key, array) in enumerate(arrays.items()):
        flat = np.ascontiguousarray(array.T).reshape(-1)
        strides = tuple(math.prod(array.shape[:axis]) for axis in range(array.ndim))
        kind = "i" if array.dtype.kind == "i" else "f"
        entries[key] = Tensor(str(number), flat.size, 0, array.shape, strides, kind)
        values[str(number)] = flat
    return torch_file(entries, values)
