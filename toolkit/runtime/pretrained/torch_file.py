"""Tensors out of a file that torch.save wrote before 1.6, read without torch and without running anything.

The format is four pickles (a magic number, the protocol, the sizes of types, the state), a pickled list of storage
keys, and for each key an int64 count with the raw little-endian values behind it. Untrusted files are never unpickled
in cnnkit; these are the one exception, and are not handed to Python's pickle either. The standard library's
`pickletools` only parses opcodes; `_Machine` below knows those that make numbers, words, tuples, lists and
dictionaries, and of all names in the world three: an ordered dictionary, a storage and a tensor that looks into it. It
imports and calls nothing. No size that the file states is believed before it is compared with the bytes there are.
"""

from __future__ import annotations

import math
import pickletools
import warnings
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from io import BytesIO
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_TYPES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_ORDERED_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_MOST_OPCODES = 10**6
# All that lists, tuples, dictionaries and arrays raise where a file is not what it should be.
_DAMAGE = (ValueError, KeyError, IndexError, TypeError, AttributeError, OverflowError, MemoryError, RecursionError)


@dataclass(frozen=True)
class _Name:
    """A name that stands for something, as text."""

    text: str


@dataclass(frozen=True)
class _Storage:
    """Values in a row that tensors look into."""

    key: str
    dtype: str
    count: int


@dataclass(frozen=True)
class _Tensor:
    """Which values of a storage a tensor has, in numbers of values."""

    storage: _Storage
    offset: int
    shape: tuple[int, ...]
    strides: tuple[int, ...]


def read_tensors(data: bytes, path: Path) -> dict[str, NDArray[Any]]:
    """Reads all tensors of a file in torch's legacy format.

    Args:
        data: All bytes of the file, whose SHA-256 has been compared.
        path: What the file is called.

    Returns:
        Name to array, float32 or int64, C-contiguous whatever its strides are in the file.

    Raises:
        ModelError: The file is cut, or holds anything but tensors.
    """
    try:
        file = BytesIO(data)
        with warnings.catch_warnings(action="ignore"):  # pickletools' of backslashes in names
            magic, protocol, _, state, keys = (_load(file) for _ in range(5))
        if (magic, protocol) != (_MAGIC, _PROTOCOL):
            raise ValueError("the magic number is another one")
        tensors = _only_tensors(state)
        storages = {tensor.storage.key: tensor.storage for tensor in tensors.values()}
        values = {key: _read_values(file, storages[key]) for key in keys}
        if rest := len(file.read()):
            raise ValueError(f"{rest:,} bytes behind its end")
        return {name: _look(values[tensor.storage.key], tensor) for name, tensor in tensors.items()}
    except _DAMAGE as error:
        raise ModelError(f"{path} is no file of tensors ({_said(error)}): install its package anew") from error


def _only_tensors(state: Any) -> dict[str, _Tensor]:
    """Checks that there is nothing but tensors, and that together they have no more values than all storages."""
    others = [name for name, value in state.items() if not isinstance(name, str) or not isinstance(value, _Tensor)]
    if others:
        raise ValueError("an entry that is no tensor")
    tensors: dict[str, _Tensor] = dict(state)
    storages = {tensor.storage for tensor in tensors.values()}
    if len({storage.key for storage in storages}) < len(storages):
        raise ValueError("one storage of two sizes or types")
    if sum(math.prod(tensor.shape) for tensor in tensors.values()) > sum(storage.count for storage in storages):
        raise ValueError("tensors of more values than their storages have")
    return tensors


def _read_values(file: BytesIO, storage: _Storage) -> NDArray[Any]:
    stated = file.read(8)
    count = int.from_bytes(stated, "little", signed=True)
    if len(stated) == 8 and count != storage.count:
        raise ValueError(f"a storage of {count:,} values where {storage.count:,} were announced")
    size = count * np.dtype(storage.dtype).itemsize
    left = file.getbuffer().nbytes - file.tell()
    if len(stated) < 8 or size > left:
        raise ValueError(f"it is cut within storage {storage.key[:40]!r}: {left:,} bytes are left of {size:,}")
    return np.frombuffer(file.read(size), storage.dtype, count)


def _look(values: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    if min(tensor.shape, default=1) < 1 or math.prod(tensor.shape) > len(values):
        raise ValueError("a tensor that is empty, or larger than its storage")
    strides = [stride if size > 1 else 0 for size, stride in zip(tensor.shape, tensor.strides, strict=True)]
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, strides, strict=True))
    if min(tensor.offset, *strides, 0) < 0 or last >= len(values):
        raise ValueError("a tensor that looks outside its storage")
    steps = tuple(stride * values.itemsize for stride in strides)
    return np.array(np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, steps), order="C")


def _load(file: BytesIO) -> Any:
    """Reads one pickle, up to and with its end."""
    machine = _Machine()
    opcodes = pickletools.genops(file)
    for _ in range(_MOST_OPCODES):
        try:
            opcode, argument, _ = next(opcodes, (None, None, None))
        except ValueError as error:
            if file.read(1):
                raise
            raise ValueError("it is cut within its list of tensors") from error
        if opcode is None:
            return machine.pop()
        machine.step(opcode.name, argument)
    raise ValueError("more opcodes than a list of tensors needs")


def _whole_numbers(values: Iterable[Any]) -> tuple[int, ...]:
    numbers = tuple(values)
    if not all(isinstance(number, int) for number in numbers):
        raise ValueError("a size that is no whole number")
    return numbers


def _said(error: BaseException) -> str:
    """Returns one short line of what may be long, or nothing."""
    return (str(error).splitlines() or [type(error).__name__])[0][:120]


class _Machine:
    """The stack machine of the pickle protocol, as far as tensors need it."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._actions: dict[str, Callable[[], None]] = {
            "TUPLE": lambda: self._push(tuple(self._marked())),
            "TUPLE1": lambda: self._push((self.pop(),)),
            "TUPLE2": lambda: self._push(self._newest(2)),
            "TUPLE3": lambda: self._push(self._newest(3)),
            "MARK": lambda: self._marks.append(len(self._stack)),
            "SETITEM": lambda: self._set_items(list(self._newest(2))),
            "SETITEMS": lambda: self._set_items(self._marked()),
            "APPEND": lambda: self._append([self.pop()]),
            "APPENDS": lambda: self._append(self._marked()),
            "BINPERSID": lambda: self._push(_storage(self.pop())),
            "REDUCE": self._reduce,
            "BUILD": self._drop_attributes,
        }

    def step(self, opcode: str, argument: Any) -> None:
        """Does what one opcode says.

        Raises:
            ValueError: It is none that tensors need.
        """
        if opcode in ("PROTO", "STOP"):
            return
        if opcode in ("BINPUT", "LONG_BINPUT"):
            self._memo[argument] = self._stack[-1]
        elif opcode in ("BINGET", "LONG_BINGET"):
            self._push(self._memo[argument])
        elif opcode in ("BININT", "BININT1", "BININT2", "LONG1", "BINUNICODE"):
            self._push(argument)
        elif opcode == "GLOBAL":
            self._push(_known(argument))
        elif opcode in _FIXED:
            self._push(_FIXED[opcode]())
        elif opcode in self._actions:
            self._actions[opcode]()
        else:
            raise ValueError(f"opcode {opcode}")

    def pop(self) -> Any:
        """Takes the newest value."""
        return self._stack.pop()

    def _push(self, value: Any) -> None:
        self._stack.append(value)

    def _newest(self, count: int) -> tuple[Any, ...]:
        return tuple(reversed([self.pop() for _ in range(count)]))

    def _marked(self) -> list[Any]:
        start = self._marks.pop()
        taken = self._stack[start:]
        del self._stack[start:]
        return taken

    def _set_items(self, pairs: list[Any]) -> None:
        target = self._stack[-1]
        if not isinstance(target, dict) or len(pairs) % 2:
            raise ValueError("entries for what is no dictionary")
        target.update(zip(pairs[::2], pairs[1::2], strict=True))

    def _append(self, values: list[Any]) -> None:
        if not isinstance(self._stack[-1], list):
            raise ValueError("entries for what is no list")
        self._stack[-1].extend(values)

    def _reduce(self) -> None:
        arguments, name = self.pop(), self.pop()
        if name == _Name(_ORDERED_DICT) and arguments == ():
            self._push({})
        elif name == _Name(_TENSOR):
            storage, offset, shape, strides, *_ = arguments
            if not isinstance(storage, _Storage):
                raise ValueError("a tensor without a storage")
            (start,) = _whole_numbers([offset])
            self._push(_Tensor(storage, start, _whole_numbers(shape), _whole_numbers(strides)))
        else:
            raise ValueError(f"a call of {name.text if isinstance(name, _Name) else 'what is no name'}")

    def _drop_attributes(self) -> None:
        attributes = self.pop()  # torch's record of versions
        if not isinstance(attributes, dict) or not isinstance(self._stack[-1], dict):
            raise ValueError("attributes of what is no dictionary")


_FIXED: dict[str, Callable[[], Any]] = {
    "NONE": lambda: None,
    "NEWTRUE": lambda: True,
    "NEWFALSE": lambda: False,
    "EMPTY_TUPLE": tuple,
    "EMPTY_LIST": list,
    "EMPTY_DICT": dict,
}


def _known(name: str) -> _Name:
    if name not in (_ORDERED_DICT, _TENSOR, *_TYPES):
        raise ValueError(f"the name {name}")
    return _Name(name)


def _storage(identity: Any) -> _Storage:
    kind, type_name, key, _, count, *_ = identity
    if kind != "storage" or not isinstance(type_name, _Name) or type_name.text not in _TYPES:
        raise ValueError("a storage of an unknown type")
    if not isinstance(key, str) or not isinstance(count, int) or count < 0:
        raise ValueError("a storage without a name or a size")
    return _Storage(key, _TYPES[type_name.text], count)
