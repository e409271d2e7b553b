"""Training with Keras: rooms for data, networks, recipes, fitting and what becomes of them."""
