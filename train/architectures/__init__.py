"""The registry of networks: each builds a Keras model that takes pixels from 0 to 255 and gives probabilities."""

from __future__ import annotations

from cnnkit.train.architectures.building import build_network, check_size
from cnnkit.train.architectures.choosing import Choice, add_option, choose_architecture, find_architecture
from cnnkit.train.architectures.registry import ARCHITECTURES
from cnnkit.train.architectures.shape import Architecture, NetworkShape

__all__ = [
    "ARCHITECTURES",
    "Architecture",
    "Choice",
    "NetworkShape",
    "add_option",
    "build_network",
    "check_size",
    "choose_architecture",
    "find_architecture",
]
