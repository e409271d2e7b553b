"""Which versions of onnxruntime read a file: they go by its opset and its IR version.

Source: https://onnxruntime.ai/docs/reference/compatibility.html
"""

from __future__ import annotations

import re
from typing import Any

from cnnkit.errors import UsageError

OPSET = 17  # 18, the highest that tf2onnx knows, adds shape arithmetic at every Reshape
_ORT_FORMAT_SINCE = (1, 16)  # tried with files that 1.32 wrote: 1.15 refuses them
# From which onnxruntime on each opset is known; below 13 there is no quantization a channel.
_SINCE = (((1, 12), 17), ((1, 11), 16), ((1, 9), 15), ((1, 8), 14), ((1, 7), 13))
# The last opset of which the versions that know it read no later IR version.
_IR_VERSIONS = ((15, 7), (18, 8), (20, 9), (21, 10))
_LATEST_IR = 11


def opset_for(min_ort: str, *, ort_format: bool = False) -> int:
    """Returns the opset of a file that must run on a version of onnxruntime, "1.16", and all later ones.

    Args:
        min_ort: The version.
        ort_format: Whether the file is in onnxruntime's own format.

    Raises:
        UsageError: It is no version, or older than 1.7, or than 1.16 in that format.
    """
    match = re.fullmatch(r"(\d+)\.(\d+)(\.\d+)*", min_ort)
    if match is None:
        raise UsageError(f"--min-ort {min_ort} is no version of onnxruntime, expected one such as 1.16")
    version = (int(match[1]), int(match[2]))
    if ort_format and version < _ORT_FORMAT_SINCE:
        raise UsageError(f"--min-ort {min_ort} does not read onnxruntime's own format as written here, 1.16 does")
    for since, opset in _SINCE:
        if version >= since:
            return opset
    raise UsageError(f"--min-ort {min_ort} is too old, expected 1.7 or later")


def opset_of(model: Any) -> int:
    """Returns the opset of ONNX's own operators in an onnx.ModelProto."""
    return max(int(entry.version) for entry in model.opset_import if entry.domain in ("", "ai.onnx"))


def ir_version_for(opset: int) -> int:
    """Returns the IR version that every onnxruntime reads that knows the opset."""
    return next((version for last, version in _IR_VERSIONS if opset <= last), _LATEST_IR)
