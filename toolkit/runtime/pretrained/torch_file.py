"""Tensors out of a file that torch.save wrote before 1.6, read without torch and without running anything.

The format is four pickles (a magic number, the protocol, the sizes of types, the state), a pickled list of storage keys,
and for each key an int64 count with the raw little-endian values behind it. Untrusted files are never unpickled in
cnnkit; these are the one exception, and are not handed to Python's pickle either. The standard library's `pickletools`
only parses opcodes; `_Machine` below knows those that make numbers, words, tuples, lists and dictionaries, and of all
names in the world three: an ordered dictionary, a storage and a tensor that looks into it. It imports and calls nothing.
"""

from __future__ import annotations

import pickletools
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

import numpy as np
from numpy.typing import NDArray

from cnnkit.errors import ModelError

_MAGIC, _PROTOCOL = 0x1950A86A20F9469CFC6C, 1001
_TYPES = {"torch FloatStorage": "<f4", "torch LongStorage": "<i8"}
_ORDERED_DICT, _TENSOR = "collections OrderedDict", "torch._utils _rebuild_tensor_v2"
_MOST_OPCODES = 10**6
_MOST_VALUES = 10**9  # of one storage


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


def read_tensors(path: Path) -> dict[str, NDArray[Any]]:
    """Reads all tensors of a file in torch's legacy format.

    Args:
        path: Whose SHA-256 has been compared.

    Returns:
        Name to array, float32 or int64, C-contiguous whatever its strides are in the file.

    Raises:
        ModelError: The file cannot be read, is cut, or holds anything but tensors.
    """
    try:
        with path.open("rb") as file:
            magic, protocol, _, state = (_load(file) for _ in range(4))
            if (magic, protocol) != (_MAGIC, _PROTOCOL):
                raise ValueError("the magic number is another one")
            tensors = {name: value for name, value in state.items() if isinstance(value, _Tensor)}
            dtypes = {tensor.storage.key: tensor.storage.dtype for tensor in tensors.values()}
            values = {key: _read_values(file, dtypes[key]) for key in _load(file)}
        return {name: _look(values[tensor.storage.key], tensor) for name, tensor in tensors.items()}
    except OSError as error:
        raise ModelError(f"{path} cannot be read: {error.strerror or error}") from error
    except (ValueError, KeyError, IndexError, TypeError, AttributeError) as error:
        raise ModelError(f"{path} is no file of tensors ({error}): install its package anew") from error


def _read_values(file: IO[bytes], dtype: str) -> NDArray[Any]:
    count = int.from_bytes(file.read(8), "little", signed=True)
    if not 0 <= count <= _MOST_VALUES:
        raise ValueError(f"a storage of {count} values")
    data = file.read(count * np.dtype(dtype).itemsize)
    return np.frombuffer(data, dtype, count)


def _look(values: NDArray[Any], tensor: _Tensor) -> NDArray[Any]:
    last = tensor.offset + sum((size - 1) * stride for size, stride in zip(tensor.shape, tensor.strides, strict=True))
    if min((tensor.offset, *tensor.strides)) < 0 or min(tensor.shape, default=1) < 1 or last >= len(values):
        raise ValueError(f"a tensor of shape {tensor.shape} looks outside its storage")
    strides = tuple(stride * values.itemsize for stride in tensor.strides)
    return np.ascontiguousarray(np.lib.stride_tricks.as_strided(values[tensor.offset :], tensor.shape, strides))


def _load(file: IO[bytes]) -> Any:
    """Reads one pickle, up to and with its end."""
    machine = _Machine()
    for number, (opcode, argument, _) in enumerate(pickletools.genops(file)):
        if number == _MOST_OPCODES:
            raise ValueError("more opcodes than a list of tensors needs")
        machine.step(opcode.name, argument)
    return machine.pop()


class _Machine:
    """The stack machine of the pickle protocol, as far as tensors need it."""

    def __init__(self) -> None:
        self._stack: list[Any] = []
        self._marks: list[int] = []
        self._memo: dict[int, Any] = {}
        self._actions: dict[str, Callable[[], None]] = {
            "TUPLE": lambda: self._push(tuple(self._marked())),
            "TUPLE1": lambda: self._push((self.pop(),)),
            "TUPLE2": lambda: self._push(tuple(reversed((self.pop(), self.pop())))),
            "MARK": lambda: self._marks.append(len(self._stack)),
            "SETITEM": lambda: self._set_items([*reversed((self.pop(), self.pop()))]),
            "SETITEMS": lambda: self._set_items(self._marked()),
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
            self._push(_Tensor(storage, int(offset), tuple(map(int, shape)), tuple(map(int, strides))))
        else:
            raise ValueError(f"a call of {name}")

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
        raise ValueError(f"a {kind!r} of {type_name}")
    return _Storage(str(key), _TYPES[type_name.text], int(count))
