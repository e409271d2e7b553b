"""Models from elsewhere, which carry no model spec: what they settle is read from them, the rest must be said."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.foreign.answers import (
        Head as Head,
        are_probabilities as are_probabilities,
        judge_output as judge_output,
    )
    from cnnkit.foreign.ending import GraphEnd as GraphEnd, graph_end as graph_end
    from cnnkit.foreign.flags import (
        InputFlags as InputFlags,
        Said as Said,
        said_scaling as said_scaling,
        with_limits as with_limits,
    )
    from cnnkit.foreign.labels import parse_labels as parse_labels
    from cnnkit.foreign.opening import describe_session as describe_session
else:
    __getattr__ = hand_on(
        __name__,
        {
            "answers": ("Head", "are_probabilities", "judge_output"),
            "ending": ("GraphEnd", "graph_end"),
            "flags": ("InputFlags", "Said", "said_scaling", "with_limits"),
            "labels": ("parse_labels",),
            "opening": ("describe_session",),
        },
    )
