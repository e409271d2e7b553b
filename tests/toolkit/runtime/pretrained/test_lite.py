"""EfficientNet-Lite as it was published: shapes, parameters, and a block computed by hand."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from cnnkit.runtime.pretrained.lite import LITES, Block, _block, blocks, build_base

# Trainable parameters with the last layer of 1,000 classes: those of tf_efficientnet_lite0 to 2 in timm.
PUBLISHED = {"efficientnet_lite0": 4_652_008, "efficientnet_lite1": 5_416_680, "efficientnet_lite2": 6_092_072}
CHANNELS = {
    "efficientnet_lite0": "16 24 24 40 40 80 80 80 112 112 112 192 192 192 192 320",
    "efficientnet_lite1": "16 24 24 24 40 40 40 80 80 80 80 112 112 112 112 192 192 192 192 192 320",
    "efficientnet_lite2": "16 24 24 24 48 48 48 88 88 88 88 120 120 120 120 208 208 208 208 208 352",
}


@pytest.mark.parametrize("name", LITES)
def test_blocks_are_the_published_ones(name: str) -> None:
    found = list(blocks(LITES[name]))
    assert [block.after for block in found] == [int(channels) for channels in CHANNELS[name].split()]
    assert [block.before for block in found] == [32, *(block.after for block in found[:-1])]
    assert np.prod([block.stride for block in found]) == 16


@pytest.mark.parametrize("name", LITES)
def test_parameters_are_counted_as_published(name: str) -> None:
    base = build_base(LITES[name], 64, 96)
    trained = sum(int(np.prod(weight.shape)) for weight in base.trainable_weights)
    assert trained + 1280 * 1000 + 1000 == PUBLISHED[name]
    assert base.output_shape == (None, 1280)
    assert base.get_layer("head_relu").output.shape == (None, 2, 3, 1280)


def convolve(x: NDArray[Any], kernel: NDArray[Any], stride: int) -> NDArray[Any]:
    """(H, W, C) by (k, k, C, D): zeros around it as TensorFlow's `same` puts them, the odd one behind."""
    size = len(kernel)
    steps = [-(-side // stride) for side in x.shape[:2]]
    missing = [max((count - 1) * stride + size - side, 0) for count, side in zip(steps, x.shape[:2], strict=True)]
    padded = np.pad(x, [*((few // 2, few - few // 2) for few in missing), (0, 0)])
    return np.array([
        [
            np.tensordot(padded[row * stride :, column * stride :][:size, :size], kernel, 3)
            for column in range(steps[1])
        ]
        for row in range(steps[0])
    ])  # fmt: skip


def normalise(x: NDArray[Any], weights: list[NDArray[Any]]) -> NDArray[Any]:
    gamma, beta, mean, variance = weights
    return gamma * (x - mean) / np.sqrt(variance + 1e-3) + beta


@pytest.mark.parametrize(
    "block",
    [
        pytest.param(Block(1, 3, 1, 6, 4, 4), id="with a skip"),
        pytest.param(Block(1, 5, 2, 6, 4, 6), id="5 x 5, stride 2"),
        pytest.param(Block(0, 3, 1, 1, 4, 3), id="without expansion"),
    ],
)
def test_a_block_is_what_the_paper_says(block: Block) -> None:
    import keras

    generator = np.random.default_rng(3)
    image = keras.Input((7, 10, block.before))
    model = keras.Model(image, _block(image, block))
    model.set_weights([generator.uniform(0.2, 1.5, weight.shape) - 0.5 * (weight.ndim == 4) for weight in model.weights
                       for weight in [np.asarray(weight)]])  # fmt: skip
    x = generator.normal(size=(7, 10, block.before))

    def weights(name: str) -> list[NDArray[Any]]:
        return [value.astype(np.float64) for value in model.get_layer(f"block{block.number}_{name}").get_weights()]

    y = x
    if block.expansion != 1:
        y = np.clip(normalise(convolve(y, weights("expand")[0], 1), weights("expand_bn")), 0, 6)
    (depthwise,) = weights("depthwise")
    each = [convolve(y[..., [c]], depthwise[:, :, [c], :], block.stride) for c in range(y.shape[-1])]
    y = np.clip(normalise(np.concatenate(each, -1), weights("depthwise_bn")), 0, 6)
    y = normalise(convolve(y, weights("project")[0], 1), weights("project_bn"))
    y = y + x if block.stride == 1 and block.before == block.after else y
    assert np.std(y) > 0.1
    np.testing.assert_allclose(model(x[None].astype(np.float32))[0], y, atol=1e-4)
