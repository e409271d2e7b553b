"""What is measured: a loaded model with one way of calling it, in each of the runtimes."""
