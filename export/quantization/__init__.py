"""Quantization chosen by measurement: candidates, what each costs and brings on this machine, and the decision."""
