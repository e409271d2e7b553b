"""Golden images that say something of a file that rounds: a right one answers them as float32 does."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
from numpy.typing import NDArray

from cnnkit.export.quantization.calibrated import CalibratedRanges
from cnnkit.export.quantization.odds import odds_margins
from cnnkit.export.samples import telling_images
from cnnkit.runtime import OnnxClassifier, decode_golden, encode_golden, is_clear
from cnnkit.spec import ModelSpec

_ENOUGH = 4  # golden images
_ROOM = 2.0  # times what rounding usually changes: a label so far from another is kept
_BEYOND = 0.1  # of a range that calibration saw: what goes further is cut off


def with_telling_golden(
    spec: ModelSpec, floating: OnnxClassifier, usual: float, ranges: CalibratedRanges | None
) -> ModelSpec:
    """Returns a spec with those of its golden images that a right file answers as float32 does.

    Left out are toss-ups, labels that the usual rounding may turn, and images at which the network leaves what
    calibration saw, as generated ones may: there integers end. Where hardly any is left, others are generated, which
    the float32 file answers.

    Args:
        spec: Of the float32 file.
        floating: That file.
        usual: By how much the log-odds of decisions change; see `usual_change`.
        ranges: What calibration saw; None where the file has no integers.
    """
    limits = spec.label_limits

    def fit(images: NDArray[np.uint8], answers: NDArray[np.float32]) -> NDArray[np.bool_]:
        sure = is_clear(answers, limits) & (odds_margins(answers, limits) >= _ROOM * usual)
        if ranges is not None:
            sure[sure] = ranges.excess(images[sure]) <= _BEYOND
        return sure

    if not spec.golden:
        return spec
    fitting = fit(decode_golden(spec), np.array([image.probabilities for image in spec.golden], np.float32))
    golden = tuple(image for image, fits in zip(spec.golden, fitting, strict=True) if fits)
    if len(golden) < min(_ENOUGH, len(spec.golden)):
        images, answers = telling_images(floating.probabilities, spec.input, limits, fit=fit)
        if len(images) > len(golden):
            golden = encode_golden(images, answers, color=spec.input.color)
    return replace(spec, golden=golden or spec.golden)
