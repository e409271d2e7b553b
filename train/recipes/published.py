"""What was published for the reference networks, to stand beside what cnnkit measures."""

from __future__ import annotations

from cnnkit.train.data import CIFAR10_LABELS

# By architecture: test accuracy on the original CIFAR-10, as far as it was printed, after the published training. The
# sources are five course projects, and for the residual networks He et al., arXiv:1512.03385, table 6 (here as
# reproduced with these parameter counts), and Banbury et al., "MLPerf Tiny Benchmark", arXiv:2106.07597.
PUBLISHED = {
    "bn2": "67.29 %, 5 epochs after a search",
    "bn3": "70.68 %, 5 epochs",
    "bn3_regularized": "55.98 %, 5 epochs",
    "conv3_tuned": "79.85 %, 36 epochs",
    "conv2": "71 % (5 folds), 10 epochs",
    "vgg1": "63.82 %, 20 epochs",
    "vgg3": "74 % (5 folds), 20 epochs",
    "vgg3_dropout_increasing": "84.55 %, 110 epochs",
    "vgg3_bn": "87.49 %, 110 epochs",
    "vgg2_wide": "74.52 % (validation), 50 epochs",
    "vgg3_deep_head": "79.90 %, 25 epochs",
    "model_s": "83.4 %, up to 40 epochs",
    "resnet8": "85 % (quality target)",
    "resnet8:width=40": "91 % (quality target)",
    "resnet20": "92.60 %, 200 epochs",
    "resnet32": "93.53 %, 200 epochs",
    "resnet56": "94.37 %, 200 epochs",
}


def published_figure(architecture: str, recipe: str, labels: tuple[str, ...]) -> str:
    """Returns what was published for a network under its own recipe on CIFAR-10; empty where nothing was."""
    own = recipe == architecture.partition(":")[0]
    return PUBLISHED.get(architecture, "") if own and labels == CIFAR10_LABELS else ""
