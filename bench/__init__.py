"""Honest measurements: latency, throughput, memory, accuracy, agreement."""
