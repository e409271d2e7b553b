"""From a Keras model to an ONNX file that travels: export, and quantization by measurement."""

from cnnkit.export.conventions import check_conventions
from cnnkit.export.exporting import ExportReport, default_output, export_model
from cnnkit.export.options import ExportOptions, QuantizeOptions, StampOptions
from cnnkit.export.quantization.quantizing import QuantizeReport, quantize_model
from cnnkit.export.stamping import stamp_model

__all__ = [
    "ExportOptions",
    "ExportReport",
    "QuantizeOptions",
    "QuantizeReport",
    "StampOptions",
    "check_conventions",
    "default_output",
    "export_model",
    "quantize_model",
    "stamp_model",
]
