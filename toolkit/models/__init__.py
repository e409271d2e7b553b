"""The bundled models: one NAME.onnx, NAME.int8.onnx and NAME.keras."""
