"""The registry of networks: each builds a Keras model that takes pixels from 0 to 255 and gives probabilities."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.train.architectures.building import build_network as build_network, check_size as check_size
    from cnnkit.train.architectures.choosing import (
        add_option as add_option,
        choose_architecture as choose_architecture,
        find_architecture as find_architecture,
        named_in as named_in,
        without_weights as without_weights,
    )
    from cnnkit.train.architectures.listing import print_architectures as print_architectures
    from cnnkit.train.architectures.registry import ARCHITECTURES as ARCHITECTURES
    from cnnkit.train.architectures.shape import Architecture as Architecture, NetworkShape as NetworkShape
    from cnnkit.train.architectures.stored_weights import load_stored as load_stored
else:
    __getattr__ = hand_on(
        __name__,
        {
            "building": ("build_network", "check_size"),
            "choosing": ("add_option", "choose_architecture", "find_architecture", "named_in", "without_weights"),
            "listing": ("print_architectures",),
            "registry": ("ARCHITECTURES",),
            "shape": ("Architecture", "NetworkShape"),
            "stored_weights": ("load_stored",),
        },
    )
