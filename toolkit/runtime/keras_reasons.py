"""What Keras raises of a file that it cannot load, in one line: the reason, and what to do."""

from __future__ import annotations

import re

_OWN = re.compile(
    r"Could not locate class '[^']*'|Unknown layer: '[^']*'|Unknown activation function: '?[\w.]+'?"
    r"|Could not interpret activation function identifier: [\w.]+"
)
_FUNCTION = re.compile(r"TFOpLambda of (tf\.[\w.]+)")
_BEHIND = "Exception encountered: "  # a dump of the layer's settings
_KERNEL = re.compile(r"\{\{function_node [^}]{0,300}\}\} ")
_WHERE = re.compile(r"^\s*Exception encountered when calling [^\n]{0,300}\n")  # the reason stands below
_COLOUR = re.compile(r"\x1b\[[\d;]{0,20}m")
_MOST = 300  # characters


def load_reason(error: BaseException) -> str:
    """Returns one line of what may be a page, without Keras' advice to run the code in the file."""
    text = str(error).strip() or type(error).__name__
    if "safe_mode" in text:
        return "it holds a Lambda layer, and code from a file is not run: save the model with Keras layers instead"
    function = _FUNCTION.search(text)
    if function is not None:
        return (
            f"it calls {function.group(1)} between its layers: save it with the Keras that wrote it as a folder "
            "(model.export(FOLDER)), which cnnkit loads too"
        )
    unknown = _OWN.search(text)
    if unknown is not None:
        return f"{unknown.group()}: save it as a SavedModel (model.export(FOLDER)), which holds such layers itself"
    if "No model config found" in text:
        return "it holds weights alone: give the whole model, as model.save('model.keras') writes it"
    if isinstance(error, KeyError) and re.fullmatch(r"'\w+'", text):
        text = f"it lacks {text}"
    return f"{first_line(text)} (copy it again, or save the model anew)"


def first_line(text: str) -> str:
    """Returns the first line that says something, without colours and cut where it becomes a dump."""
    told = _WHERE.sub("", _COLOUR.sub("", _KERNEL.sub("", text.rpartition(_BEHIND)[2]))).strip()
    return (told or text).splitlines()[0].rstrip(". ")[:_MOST]
