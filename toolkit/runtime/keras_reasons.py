"""What Keras raises of a file that it cannot load, in one line: the reason, and what to do."""

from __future__ import annotations

import re

_OWN = re.compile(
    r"Could not locate class '[^']*'|Unknown layer: '[^']*'|Unknown activation function: '?[\w.]+'?"
    r"|Could not interpret activation function identifier: [\w.]+"
)
_BEHIND = "Exception encountered: "  # a dump of the layer's settings
_KERNEL = re.compile(r"\{\{function_node [^}]{0,300}\}\} ")
_MOST = 300  # characters


def load_reason(error: BaseException) -> str:
    """Returns one line of what may be a page, without Keras' advice to run the code in the file."""
    text = str(error).strip() or type(error).__name__
    if "safe_mode" in text:
        return "it holds a Lambda layer, and code from a file is not run: save the model with Keras layers instead"
    if "TFOpLambda" in text:
        return "it calls TensorFlow functions between its layers: save it as a folder instead, which cnnkit loads too"
    unknown = _OWN.search(text)
    if unknown is not None:
        return f"{unknown.group()}: save it as a SavedModel (model.export(FOLDER)), which holds such layers itself"
    if "No model config found" in text:
        return "it holds weights alone: give the whole model, as model.save('model.keras') writes it"
    if isinstance(error, KeyError) and re.fullmatch(r"'\w+'", text):
        text = f"it lacks {text}"
    return f"{first_line(text)} (copy it again, or save the model anew)"


def first_line(text: str) -> str:
    """Returns the first line that says something, cut where it becomes a dump."""
    told = _KERNEL.sub("", text.rpartition(_BEHIND)[2]).strip()
    return (told or text).splitlines()[0].rstrip(". ")[:_MOST]
