"""Convolution and pooling from first principles, and what the classic kernels make of a photo."""
