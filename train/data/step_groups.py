"""Several training steps in one call: a small network's step takes a GPU less time than the host takes to ask for it.

On an H200 a step of ResNet-8 with 128 images is asked for in 1.3 ms, and Keras' loop takes as long again to feed it.
"""

from __future__ import annotations

from typing import Any

_FEWEST, _MOST = 16, 32  # steps a call, where there are as many
_MOST_BYTES = 2**26  # images of one call

Span = tuple[int, int]  # start and count of images in an epoch's order


def spans(count: int, batch_size: int, together: int = 1) -> list[Span]:
    """Divides an epoch's images among calls, each of one batch or of `together` whole ones.

    Args:
        count: Images.
        batch_size: Images a step; the last one may be smaller and then has a call of its own.
        together: Steps a call; the last call with whole batches may have fewer.
    """
    whole = count - count % batch_size
    starts = range(0, whole, batch_size * together)
    calls = [(start, min(batch_size * together, whole - start)) for start in starts]
    return [*calls, (whole, count - whole)] if count > whole else calls


def steps_together(count: int, batch_size: int, image_bytes: int) -> int:
    """Returns how many steps to make a call: of 16 to 32 the number that leaves the fewest over, as memory allows.

    A call of another length is compiled for itself.

    Args:
        count: Images an epoch.
        batch_size: Images a step.
        image_bytes: Bytes an image.
    """
    most = max(1, min(_MOST, _MOST_BYTES // (batch_size * image_bytes), count // batch_size))
    return min(range(most, min(_FEWEST, most) - 1, -1), key=lambda steps: count // batch_size % steps)


def grouping_model(batch_size: int) -> Any:
    """Makes a class of keras.Model whose `fit` on JAX takes one or several whole batches at once, a step for each.

    The steps are those that it would make one by one, the figures those after the last of them.

    Args:
        batch_size: Images a step.
    """
    import jax
    import keras

    class GroupedSteps(keras.Model):  # type: ignore[misc]
        """Scans over the batches that it is given together."""

        def train_step(self, state: Any, data: Any) -> Any:
            step, count = super().train_step, len(jax.tree.leaves(data)[0]) // batch_size
            if count < 2:
                return step(state, data)
            batches = jax.tree.map(lambda part: part.reshape(count, batch_size, *part.shape[1:]), data)
            structure = jax.tree.structure(state)

            def one(before: Any, batch: Any) -> tuple[Any, Any]:
                figures, after = step(before, batch)
                return jax.tree.unflatten(structure, jax.tree.leaves(after)), figures

            state, figures = jax.lax.scan(one, state, batches)
            return jax.tree.map(lambda values: values[-1], figures), state

    return GroupedSteps
