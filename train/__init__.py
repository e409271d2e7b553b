"""Training with Keras: data, architectures, recipes, fit."""
