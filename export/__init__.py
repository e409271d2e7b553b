"""From a Keras model to an ONNX file that travels: export, and quantization by measurement."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.export.exporting import default_output as default_output, export_model as export_model
    from cnnkit.export.inspecting import with_counts as with_counts
    from cnnkit.export.options import (
        ExportOptions as ExportOptions,
        QuantizeOptions as QuantizeOptions,
        StampOptions as StampOptions,
    )
    from cnnkit.export.original import check_conventions as check_conventions, judge as judge
    from cnnkit.export.quantization import quantize_model as quantize_model
    from cnnkit.export.stamping import stamp_model as stamp_model
    from cnnkit.export.summary import print_conventions as print_conventions, print_export as print_export
else:
    __getattr__ = hand_on(
        __name__,
        {
            "exporting": ("default_output", "export_model"),
            "inspecting": ("with_counts",),
            "options": ("ExportOptions", "QuantizeOptions", "StampOptions"),
            "original": ("check_conventions", "judge"),
            "quantization": ("quantize_model",),
            "stamping": ("stamp_model",),
            "summary": ("print_conventions", "print_export"),
        },
    )
