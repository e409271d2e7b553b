"""Which part of an image carried the answer, for the images that an evaluation draws."""

from __future__ import annotations

from collections.abc import Sequence

from cnnkit.classifier import Classifier
from cnnkit.explaining import ExplainOptions, Explanation, Network, explain_image
from cnnkit.train.evaluation.answers import ReadingOptions, Shown, network_answers
from cnnkit.train.progress import StepBar


def explain_shown(classifier: Classifier, shown: Sequence[Shown], reading: ReadingOptions) -> dict[int, Explanation]:
    """Explains the class that each image is taken for.

    Args:
        classifier: What answered.
        shown: The images.
        reading: How they were answered.

    Returns:
        By the index of the image.

    Raises:
        ModelError: An answer to an image with a part covered is not finite.
    """
    # A feature map is that of the image as it is, so it does not explain the mean with the answer to its mirror image.
    activation = None if reading.flip else getattr(classifier, "activation", None)
    network = Network(lambda images: network_answers(classifier, images, reading.flip), activation)
    options = ExplainOptions(batch_size=reading.batch_size)
    reasons: dict[int, Explanation] = {}
    bar = StepBar(len(shown))
    bar.start("explaining")
    try:
        for item in shown:
            reasons[item.index] = explain_image(network, item.image, item.predicted, options)
            bar.advance(1)
    finally:
        bar.stop()
    return reasons
