"""Torch's legacy files: tensors as they are, and everything else refused in one line, whatever it states."""

from __future__ import annotations

import pickle
import struct
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch_files as tf
from hypothesis import given, settings, strategies as st
from torch_files import Tensor

from cnnkit.errors import ModelError
from cnnkit.runtime.pretrained.torch_file import read_tensors

PATH = Path("weights.pth")
VALUES = np.arange(12, dtype=np.float32)
TWO = {"0": VALUES, "1": VALUES}
PLAIN = Tensor("1", 12, 0, (12,), (1,))


def read(data: bytes) -> dict[str, Any]:
    return read_tensors(data, PATH)


def one(**changes: Any) -> bytes:
    """A file of a tensor of 3 x 4 and a plain one behind it, the first with something changed."""
    fields = {"key": "0", "count": 12, "offset": 0, "shape": (3, 4), "strides": (1, 3), **changes}
    return tf.torch_file({"a": Tensor(**fields), "b": PLAIN}, TWO)


@pytest.mark.parametrize(
    ("entry", "expected"),
    [
        pytest.param(Tensor("0", 12, 0, (3, 4), (4, 1)), VALUES.reshape(3, 4), id="in a row"),
        pytest.param(Tensor("0", 12, 0, (3, 4), (1, 3)), VALUES.reshape(4, 3).T, id="transposed"),
        pytest.param(Tensor("0", 12, 2, (2, 2), (4, 2)), np.array([[2, 4], [6, 8]]), id="with an offset and gaps"),
        pytest.param(Tensor("0", 12, 0, (2, 3, 2), (1, 4, 2)), VALUES.reshape(3, 2, 2).transpose(2, 0, 1), id="three"),
        pytest.param(Tensor("0", 12, 5, (), ()), np.array(5), id="a single number"),
        pytest.param(Tensor("0", 12, 0, (1, 12), (2**70, 1)), VALUES[None], id="a stride that leads nowhere"),
    ],
)
def test_tensors_look_into_their_storage(entry: Tensor, expected: Any) -> None:
    found = read(tf.torch_file({"a": entry, "b": PLAIN}, TWO))["a"]
    assert np.array_equal(found, expected) and found.shape == expected.shape
    assert found.dtype == np.float32 and found.flags.c_contiguous


def test_a_file_with_one_tensor() -> None:
    assert np.array_equal(read(tf.torch_file({"a": PLAIN}, {"1": VALUES}))["a"], VALUES)


@settings(max_examples=40)
@given(st.lists(st.lists(st.integers(1, 4), max_size=4), min_size=1, max_size=4), st.integers(0, 2**32 - 1))
def test_arrays_come_back(shapes: list[list[int]], seed: int) -> None:
    generator = np.random.default_rng(seed)
    arrays: dict[str, Any] = {
        f"layer{number}.weight": generator.random(shape, dtype=np.float32) for number, shape in enumerate(shapes)
    }
    arrays["count"] = np.array(7, np.int64)
    found = read(tf.file_of(arrays))
    assert list(found) == list(arrays)
    for key, array in arrays.items():
        assert np.array_equal(found[key], array) and found[key].dtype == array.dtype


def with_state(value: bytes) -> bytes:
    return tf.HEAD + tf.state({"a": value}) + tf.storages({"0": VALUES})


SYSTEM = b"cos\nsystem\n" + tf.text("touch /tmp/hacked") + b"\x85R"
DEEP = b")" + b"\x85" * 100_000

WRONG: dict[str, tuple[bytes, str]] = {
    "a call": (with_state(SYSTEM), "the name os system"),
    "a call of builtins": (with_state(b"cbuiltins\neval\n" + tf.text("1") + b"\x85R"), "the name builtins eval"),
    "a name by STACK_GLOBAL": (with_state(tf.text("os") + tf.text("system") + b"\x93"), "opcode STACK_GLOBAL"),
    "an instance": (with_state(b"(ios\nsystem\n"), "opcode INST"),
    "a new object": (with_state(tf.name("collections OrderedDict") + b")\x81"), "opcode NEWOBJ"),
    "a call of what is no name": (with_state(b")" + b")R"), "a call of what is no name"),
    "a call of a storage": (with_state(tf.name("torch FloatStorage") + b")R"), "a call of torch FloatStorage"),
    "another type of storage": (with_state(tf.name("torch HalfStorage")), "the name torch HalfStorage"),
    "a number for a tensor": (with_state(b"K\x01"), "an entry that is no tensor"),
    "no dictionary": (tf.HEAD + b"\x80\x02]." + tf.storages({}), "no attribute"),
    "nothing": (b"", "cut"),
    "a zip file": (b"PK\x03\x04" + bytes(100), "cut|opcode"),
    "another magic number": (pickle.dumps(1, 2) + tf.HEAD + tf.HEAD, "magic number"),
    "cut in the state": (one()[: len(tf.HEAD) + 60], "it is cut within its list of tensors"),
    "cut in a storage": (one()[:-5], r"it is cut within storage '1': 43 bytes are left of 48"),
    "cut in front of a storage": (one()[:-50], "it is cut within storage '1'"),
    "bytes behind its end": (one() + b"xx", "2 bytes behind its end"),
    "a count of 10^9": (one()[:-56] + struct.pack("<q", 10**9), "1,000,000,000 values where 12 were announced"),
    "a count below 0": (one()[:-56] + struct.pack("<q", -1), "-1 values where 12 were announced"),
    "10^9 announced and stated": (
        tf.torch_file({"a": Tensor("1", 10**9, 0, (12,), (1,))}, {})[:-4]
        + pickle.dumps(["1"], 2)
        + struct.pack("<q", 10**9),
        "cut within storage '1'",
    ),
    "another count announced": (one(count=99), "a storage of 12 values where 99 were announced"),
    "two counts of one storage": (one(key="1", count=11), "one storage of two sizes or types"),
    "a storage that is not there": (one(key="7"), "'7'|'0'"),
    "larger than its storage by stride 0": (one(shape=(25,), strides=(0,)), "more values than their storages have"),
    "10^12 values by stride 0": (one(shape=(10**12,), strides=(0,)), "more values than their storages have"),
    "a stride too far": (one(strides=(2**70, 1)), "looks outside its storage"),
    "a stride below 0": (one(strides=(-1, 3)), "looks outside its storage"),
    "an offset too far": (one(offset=1), "looks outside its storage"),
    "an offset below 0": (one(offset=-1), "looks outside its storage"),
    "an empty tensor": (one(shape=(0, 4)), "a tensor that is empty"),
    "a size below 0": (one(shape=(-3, -4)), "a tensor that is empty"),
    "more sizes than strides": (one(strides=(1,)), "zip"),
    "nested without end": (with_state(DEEP), "no tensor|recursion|opcodes"),
    "nested without end, as a key": (
        tf.HEAD + b"\x80\x02}" + DEEP + b"Ns." + tf.storages({}),
        "no tensor|recursion|opcodes",
    ),
    "more opcodes than there are tensors": (tf.HEAD + b"\x80\x02" + b"N" * 10**6 + b".", "more opcodes"),
}


@pytest.mark.parametrize("case", WRONG)
def test_everything_else_is_refused(case: str) -> None:
    data, reason = WRONG[case]
    with pytest.raises(ModelError, match=reason) as error:
        read(data)
    assert str(error.value).startswith("weights.pth is no file of tensors (")
    assert "\n" not in str(error.value) and len(str(error.value)) < 250


@settings(max_examples=300)
@given(st.integers(0, len(one()) - 1), st.integers(0, 255))
def test_a_changed_byte_gives_tensors_or_one_line(position: int, value: int) -> None:
    data = bytearray(one())
    data[position] = value
    try:
        assert all(array.nbytes <= 2 * VALUES.nbytes for array in read(bytes(data)).values())
    except ModelError as error:
        assert "\n" not in str(error)
