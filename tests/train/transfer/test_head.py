"""The last layer fitted on features."""

from __future__ import annotations

import numpy as np
import pytest

from cnnkit.train.transfer.head import fit_head


def clouds(classes: int, each: int, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Features of classes around corners, on scales that differ tenfold, and their targets."""
    generator = np.random.default_rng(seed)
    targets = np.repeat(np.arange(classes), each)
    features = 4 * np.eye(classes, 8)[targets] + generator.normal(size=(len(targets), 8))
    return (features * np.geomspace(1, 10, 8) + 5).astype(np.float32), targets.astype(np.int64)


@pytest.mark.parametrize("classes", [2, 3, 5])
@pytest.mark.parametrize("each", [3, 40])
def test_it_tells_classes_apart(classes: int, each: int) -> None:
    features, targets = clouds(classes, each)
    head = fit_head(features, [features * 1.01], targets, balanced=False)
    assert head.kernel.shape == (8, classes) and head.bias.shape == (classes,)
    others, right = clouds(classes, 50, seed=1)
    assert (head.logits(others).argmax(axis=1) == right).mean() > 0.85


def test_one_image_a_class_is_enough_to_fit() -> None:
    features, targets = clouds(4, 1)
    head = fit_head(features, [], targets, balanced=False)
    assert (head.logits(features).argmax(axis=1) == targets).all()


def test_a_feature_that_hardly_shows_in_few_images_decides_nothing() -> None:
    features, targets = clouds(2, 20)
    hidden = np.random.default_rng(2).normal(size=(40, 200)).astype(np.float32) * 1e-4
    hidden[:, 0] += 1e-3 * targets
    head = fit_head(
        np.hstack([features / np.geomspace(1, 10, 8), hidden]).astype(np.float32), [], targets, balanced=False
    )
    others, right = clouds(2, 50, seed=1)
    shown = np.random.default_rng(3).normal(size=(100, 200))
    logits = head.logits(np.hstack([others / np.geomspace(1, 10, 8), shown]).astype(np.float32))
    assert (logits.argmax(axis=1) == right).mean() > 0.85


def test_rare_classes_weigh_more_where_wanted() -> None:
    features, targets = clouds(2, 100)
    kept = np.concatenate([np.arange(100), np.arange(100, 104)])
    plain, weighed = (fit_head(features[kept], [], targets[kept], balanced=balanced) for balanced in (False, True))
    assert weighed.logits(features)[:, 1].mean() > plain.logits(features)[:, 1].mean()
