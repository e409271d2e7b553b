"""A row a layer, against counts by hand."""

from __future__ import annotations

import dataclasses

import pytest

from cnnkit.runtime import import_keras
from cnnkit.runtime.layer_counting import keras_layers, multiply_adds


@pytest.fixture(scope="module")
def keras():
    return import_keras("a test")


def rows(network):
    return [dataclasses.astuple(layer)[1:] for layer in keras_layers(network)]


def test_layers_of_a_nested_network_stand_in_their_place(keras):
    layers = keras.layers
    inner = keras.Sequential([keras.Input((8, 8, 3)), layers.SeparableConv2D(5, 3, depth_multiplier=2)])
    network = keras.Sequential(
        [keras.Input((8, 8, 3)), inner, layers.BatchNormalization(), layers.Flatten(), layers.Dense(4)]
    )
    kernels = 3 * 3 * 3 * 2 + 6 * 5
    assert rows(network) == [
        ("SeparableConv2D", (6, 6, 5), kernels + 5, 6 * 6 * kernels),
        ("BatchNormalization", (6, 6, 5), 4 * 5, 0),
        ("Flatten", (180,), 0, 0),
        ("Dense", (4,), 181 * 4, 180 * 4),
    ]
    assert sum(layer.parameters for layer in keras_layers(network)) == network.count_params()
    assert multiply_adds(network) == sum(layer.multiply_adds for layer in keras_layers(network))


def test_grouped_and_depthwise_kernels(keras):
    layers = [keras.layers.Conv2D(6, 3, groups=3, use_bias=False), keras.layers.DepthwiseConv2D(3, use_bias=False)]
    assert rows(keras.Sequential([keras.Input((8, 8, 3)), *layers])) == [
        ("Conv2D", (6, 6, 6), 9 * 6, 6 * 6 * 6 * 9),
        ("DepthwiseConv2D", (4, 4, 6), 9 * 6, 4 * 4 * 6 * 9),
    ]


def test_a_size_left_open_leaves_multiply_adds_open(keras):
    layers = [keras.layers.Conv2D(2, 3), keras.layers.GlobalAveragePooling2D(), keras.layers.Dense(4)]
    assert rows(keras.Sequential([keras.Input((None, None, 3)), *layers])) == [
        ("Conv2D", (None, None, 2), 56, None),
        ("GlobalAveragePooling2D", (2,), 0, 0),
        ("Dense", (4,), 12, 8),
    ]


def test_layers_that_a_model_calls_in_its_own_code_have_no_shape(keras):
    class Own(keras.Model):
        def __init__(self):
            super().__init__()
            self.flat, self.dense = keras.layers.Flatten(), keras.layers.Dense(4)

        def call(self, image):
            return self.dense(self.flat(image))

    network = Own()
    network(keras.ops.zeros((1, 2, 2, 3)))
    assert rows(network) == [("Flatten", None, 0, 0), ("Dense", None, 13 * 4, None)]


def test_what_a_layer_does_with_its_matrices_must_be_known(keras):
    layers = [keras.layers.PReLU(), keras.layers.Conv2DTranspose(2, 3, use_bias=False)]
    assert rows(keras.Sequential([keras.Input((4, 4, 3)), *layers])) == [
        ("PReLU", (4, 4, 3), 48, 0),
        ("Conv2DTranspose", (6, 6, 2), 54, None),
    ]


def test_weights_that_two_networks_share_count_once(keras):
    shared = keras.Sequential([keras.Input((4,)), keras.layers.Dense(4)])
    again = keras.Sequential([keras.Input((4,)), shared.layers[0]], name="again")
    image = keras.Input((4,))
    network = keras.Model(image, again(shared(image)))
    assert [layer.parameters for layer in keras_layers(network)] == [0, 20, 0]
