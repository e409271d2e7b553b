"""How far answers to golden images may be off at most, whatever tolerance a file says: by the evidence it carries."""

from __future__ import annotations

from dataclasses import dataclass
from math import comb

from cnnkit.spec import ModelSpec, Quantization, Tolerance

AGREEMENT_LIMIT = 0.96  # of labels with float32: what quantize keeps unless told otherwise, and files from before do
MOST_DIFFERENCE = 0.5  # of a probability: a file that moves answers by more is not the same network
_FLOAT16 = (0.99, 0.05)  # agreement where none was measured, and difference
_SURE = 0.99  # of right files are within the ceiling
_SHARE = 4  # never more than one golden label in four: a check that cannot fail is none


@dataclass(frozen=True)
class Ceiling:
    """The most that a file's tolerance may allow."""

    tolerance: Tolerance
    agreement: float | None  # fraction of labels with float32 that it rests on; None for files that do not round
    images: int | None  # on which that was measured; None where it was not
    limit: float  # below which an agreement is not taken

    @property
    def fault(self) -> str:
        """Why no answer passes; empty where one may."""
        if self.agreement is None or self.images is None or self.agreement >= self.limit:
            return ""
        return (
            f"it was measured to give the label of float32 on {self.agreement:.1%} of {self.images:,} images, "
            f"expected {self.limit:.0%} or more"
        )

    @property
    def reason(self) -> str:
        """Why no more label changes are allowed."""
        if self.images is None:
            return f"an agreement of {self.agreement or 0:.0%} makes no more likely, and none was measured"
        return f"the agreement of {self.agreement or 0:.1%} measured on {self.images:,} images makes no more likely"


def ceiling_of(spec: ModelSpec) -> Ceiling:
    """Returns how far a file's answers to its golden images may be off at most.

    Labels: as many as 99 % of files with the measured agreement change or fewer, by the binomial distribution, and
    never more than a quarter. Probabilities: what was seen on other images when the file was made, with room, and
    never more than 0.5. A file that does not round carries no such evidence, and its tolerance is its own.
    """
    record = spec.quantization
    if record is None or record.precision == "float32":
        return Ceiling(spec.tolerance, None, None, AGREEMENT_LIMIT)
    figures = record.evaluation
    images = int(figures["images"]) if {"agreement", "images"} <= figures.keys() and figures["images"] >= 1 else None
    limit = figures.get("min_agreement", AGREEMENT_LIMIT)
    unmeasured = _FLOAT16[0] if record.precision == "float16" else limit
    agreement = unmeasured if images is None else figures["agreement"]
    changes = likely_changes(len(spec.golden), agreement, images)
    return Ceiling(Tolerance(_difference(record), changes), agreement, images, limit)


def allowed_by(spec: ModelSpec) -> Tolerance:
    """Returns what is really allowed: the tolerance that a spec says, and never more than its ceiling."""
    said, most = spec.tolerance, ceiling_of(spec).tolerance
    return Tolerance(
        min(said.max_probability_difference, most.max_probability_difference),
        min(said.max_label_changes, most.max_label_changes),
    )


def likely_changes(golden: int, agreement: float, images: int | None) -> int:
    """Returns how many golden labels a right file changes at most, with a certainty of 99 %.

    Args:
        golden: How many golden images there are.
        agreement: Fraction of images with the label of float32.
        images: How many that was measured on: no change among 50 does not show that there is none. None takes it as it
            is.
    """
    rare = 0.0 if images is None else 1 / (images + 2)
    chance = min(1.0, max(1 - agreement, rare))
    below, count = 0.0, -1
    while below < _SURE and count < golden:
        count += 1
        below += comb(golden, count) * chance**count * (1 - chance) ** (golden - count)
    return max(0, min(count, golden // _SHARE))


def _difference(record: Quantization) -> float:
    if record.precision == "float16":
        return _FLOAT16[1]
    return min(MOST_DIFFERENCE, max(0.0, record.evaluation.get("difference_ceiling", MOST_DIFFERENCE)))
