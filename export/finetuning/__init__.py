"""Quantization-aware fine-tuning: the weights learn to live with their rounding, with the float model as teacher."""
