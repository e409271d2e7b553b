"""Files of Keras 2: what it wrote and Keras 3 no longer reads, or misreads, put right."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.runtime.legacy.files import readable_file as readable_file
    from cnnkit.runtime.legacy.functions import function_layers as function_layers
else:
    __getattr__ = hand_on(__name__, {"files": ("readable_file",), "functions": ("function_layers",)})
