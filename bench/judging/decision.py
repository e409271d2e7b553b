"""Which of the models to ship on this machine, and why: what a bench run is made for."""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from statistics import median

from cnnkit.bench.comparison import Comparison
from cnnkit.bench.measuring import rounds_of
from cnnkit.bench.session import Result, Session
from cnnkit.measuring import Interval, ratio_of_medians

_FEWEST_ROUNDS = 5  # below, the intervals that are drawn from them are too narrow
MOST_LOST = 0.005  # of top-1, as a fraction, that the upper end of the paired interval may say


@dataclass(frozen=True)
class Decision:
    """A model, and the reasons, a sentence each."""

    ship: str
    reasons: tuple[str, ...]
    known: bool = True  # whether its accuracy was measured: without, it is the fastest and no more

    @property
    def headline(self) -> str:
        """What to do, in a few words."""
        return f"Ship {self.ship}" if self.known else f"Fastest: {self.ship}, accuracy unknown"


def decide(session: Session) -> Decision | None:
    """Chooses the fastest of the models of which it is known that they lose at most half a point of accuracy.

    A model is called faster than another where the 95 % interval of the ratio of their medians says so. Without images
    nothing is known of accuracy. The model that the others are compared with loses nothing against itself; one that
    gives its label on every image loses nothing either, however few they are. None where no model was timed.
    """
    models = [result for result in session.results if result.kind == "model" and _ours(result)]
    if not models:
        return None
    lost = {found.contender: found for found in session.comparisons}
    classified = [model for model in models if session.images is None or model.accuracy is not None]
    right = [model for model in classified if _keeps(lost.get(model.name))]
    best = min(right, key=_median(session)) if right else max(models, key=_accurate)
    refused = [
        _refusal(lost[model.name], _ratio(session, best, model))
        for model in classified
        if model not in right and model is not best
    ]
    refused += [
        f"{model.name} did not classify the images: nothing is known of its accuracy"
        for model in models
        if model not in classified
    ]
    others = [result for result in session.results if result.kind == "model" and not _ours(result)]
    reasons = [*_speed(session, best, right), *_accuracy(session, best, lost), *refused]
    reasons += [*_elsewhere(session, best, others, lost), *_doubts(session)]
    if not right:
        reasons.insert(0, f"{best.name} is the most accurate of the models here, and none is known to lose little")
    return Decision(best.name, tuple(reasons), known=session.images is not None)


def _ours(result: Result) -> bool:
    """Returns whether `cnnkit predict` runs it: other runtimes are there to be compared with."""
    return not result.runtime.startswith(("litert", "openvino"))


def _median(session: Session) -> Callable[[Result], float]:
    return lambda model: median(session.timed[model.name].latency_ms)


def _accurate(model: Result) -> float:
    return model.accuracy.top1 if model.accuracy else 0.0


def _keeps(found: Comparison | None) -> bool:
    return found is None or found.accuracy_drop.high <= MOST_LOST or not found.changes


def _refusal(found: Comparison, times: Interval) -> str:
    drop = found.accuracy_drop
    seen = f"({100 * drop.value:.2f} on these {found.images:,} images)"
    if times.low > 1:
        seen += f"; it is {times.value:.2f} times as fast ({times.low:.2f} to {times.high:.2f})"
    if drop.low > MOST_LOST:
        return f"{found.contender} is left out: it loses more than {100 * MOST_LOST:.1f} points of accuracy {seen}"
    return (
        f"{found.contender} is left out: {found.images:,} images are too few to tell whether it loses more than "
        f"{100 * MOST_LOST:.1f} points of accuracy, it may be up to {100 * drop.high:.2f} {seen}"
    )


def _speed(session: Session, best: Result, models: list[Result]) -> list[str]:
    sentences = []
    for other in models:
        if other is best:
            continue
        ratio = _ratio(session, other, best)
        if ratio.low > 1:
            sentences.append(
                f"{best.name} is {ratio.value:.2f} times as fast as {other.name} "
                f"(95 % interval {ratio.low:.2f} to {ratio.high:.2f})"
            )
        else:
            sentences.append(f"{best.name} is not measurably faster than {other.name}: either will do")
    return sentences


def _elsewhere(session: Session, best: Result, others: list[Result], lost: dict[str, Comparison]) -> list[str]:
    """Compares the speed of models in other runtimes, with what they lose, as nothing else is said of them."""
    sentences = []
    for other in others:
        ratio = _ratio(session, other, best)
        if ratio.low > 1:
            speed = f"{best.name} is {ratio.value:.2f} times as fast as {other.name}"
        elif ratio.high < 1:
            speed = f"{other.name} is {1 / ratio.value:.2f} times as fast as {best.name}"
        else:
            speed = f"{other.name} is about as fast"
        found = lost.get(other.name)
        cost = "" if found is None else f"; it loses {_points(found)} points of accuracy"
        sentences.append(f"{speed}, in a runtime that cnnkit predict does not use{cost}")
    return sentences


def _ratio(session: Session, one: Result, other: Result) -> Interval:
    """Returns the ratio of two medians; without bounds where there are too few rounds to draw from."""
    rounds = [rounds_of(session.timed[result.name]) for result in (one, other)]
    found = ratio_of_medians(*rounds)
    return found if min(map(len, rounds)) >= _FEWEST_ROUNDS else Interval(found.value, 0.0, math.inf)


def _points(found: Comparison) -> str:
    drop = found.accuracy_drop
    return f"{100 * drop.value:.2f} ({100 * drop.low:.2f} to {100 * drop.high:.2f})"


def _doubts(session: Session) -> list[str]:
    if session.machine.emulated:
        return ["the process was emulated: measure on a real processor before you rely on the times"]
    return ["the machine was not quiet: measure again before you rely on the times"] if session.disturbances else []


def _accuracy(session: Session, best: Result, lost: dict[str, Comparison]) -> list[str]:
    if session.images is None:
        return ["its accuracy was not measured: add --data before you ship it"]
    found = lost.get(best.name)
    if found is None:
        return []
    return [
        f"it gives the label of {found.reference} on {100 * found.agreement.value:.2f} % of {found.images:,} images, "
        f"and loses {_points(found)} points of accuracy"
    ]
