"""The Keras model to be exported: opened, and what its layers and its answers say about its input."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.original.calling import call_model as call_model, trace_model as trace_model
    from cnnkit.export.original.conventions import (
        Tried as Tried,
        check_conventions as check_conventions,
        judge as judge,
    )
    from cnnkit.export.original.hidden import HiddenGraph as HiddenGraph, hidden_graph as hidden_graph
    from cnnkit.export.original.layers import CALL as CALL, layer_of as layer_of
    from cnnkit.export.original.original import (
        Original as Original,
        load_again as load_again,
        load_original as load_original,
        use_tensorflow as use_tensorflow,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "calling": ("call_model", "trace_model"),
            "conventions": ("Tried", "check_conventions", "judge"),
            "hidden": ("HiddenGraph", "hidden_graph"),
            "layers": ("CALL", "layer_of"),
            "original": ("Original", "load_again", "load_original", "use_tensorflow"),
        },
    )
