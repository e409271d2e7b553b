"""Images that lie on the GPU for a whole training, so that no step waits for a copy from the host."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from numpy.typing import NDArray


class DeviceImages:
    """Images and targets on a JAX device; batches are gathered there, in an order that is sent once an epoch.

    Args:
        images: (N, H, W, C) uint8.
        targets: (N, classes) float32.
    """

    def __init__(self, images: NDArray[np.uint8], targets: NDArray[np.float32]) -> None:
        import jax

        self._images, self._targets = jax.device_put(images), jax.device_put(targets)
        self._gather = _gathering()
        self.set_order(np.arange(len(images)))

    def set_order(self, order: NDArray[np.int64]) -> None:
        """Sets the order in which the images are visited.

        Args:
            order: (N,) indices of images.
        """
        import jax

        self._order = jax.device_put(order.astype(np.int32))

    def take(self, start: int, count: int) -> tuple[Any, Any]:
        """Returns `count` images from a place in the order on, and their targets, as arrays on the device."""
        return self._gather(self._images, self._targets, self._order, np.int32(start), count)  # type: ignore[no-any-return]


def _gathering() -> Callable[..., Any]:
    """Compiles the gathering of one batch; it is one call, since a training step waits for the host to make it."""
    import jax
    import jax.numpy as jnp

    def gather(images: Any, targets: Any, order: Any, start: Any, count: int) -> tuple[Any, Any]:
        rows = jax.lax.dynamic_slice_in_dim(order, start, count)
        return jnp.take(images, rows, axis=0, mode="clip"), jnp.take(targets, rows, axis=0, mode="clip")

    compiled: Callable[..., Any] = jax.jit(gather, static_argnums=4)
    return compiled
