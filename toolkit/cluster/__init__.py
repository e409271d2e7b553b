"""Prediction on more than one machine: over an existing Ray cluster."""
