"""A bench run held against an earlier one: `--baseline`, for CI."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from cnnkit.bench.answers import KeptAnswers
from cnnkit.bench.session import Result, Session
from cnnkit.errors import ReportError
from cnnkit.measuring import Interval, paired_drop_interval
from cnnkit.system import log


def check_common(names: Iterable[str], baseline: Session) -> None:
    """Checks that something can be compared; to be called before anything is measured.

    Args:
        names: Of the contenders of the new run.
        baseline: The earlier run.

    Raises:
        ReportError: The two have no contender in common.
    """
    names, known = list(names), [result.name for result in baseline.results]
    if not set(names) & set(known):
        raise ReportError(f"the baseline has no contender named {' or '.join(names)}, it has {', '.join(known)}")


def regressions(session: Session, baseline: Session, most: float) -> list[str]:
    """Says what has become worse, or could not be compared, one sentence each.

    Slower is a median latency above the earlier one by more than `most`. Less accurate is, on the same images, a drop
    whose paired 95 % interval lies above zero; on other images, or where the earlier answers were not kept, a top-1
    below the 95 % interval of the earlier one. A run on another machine or with other options is warned about.

    Args:
        session: The new run.
        baseline: The earlier one.
        most: As a fraction, 0.1 for 10 %.

    Raises:
        ReportError: The two have no contender in common.
    """
    check_common([result.name for result in session.results], baseline)
    _warn_of_differences(session, baseline)
    new = {result.name: result for result in session.results}
    found = []
    for earlier in baseline.results:
        if (result := new.get(earlier.name)) is not None:
            _warn_of_others(result, earlier)
            found += _slower(result, earlier, most, session.disturbances)
            found += _less_accurate(result, earlier, _paired_drop(earlier.name, session.answers, baseline.answers))
        else:
            log.warning("%s is in the baseline and was not measured now", earlier.name)
    return found


def _warn_of_differences(session: Session, baseline: Session) -> None:
    if baseline.unfinished:
        log.warning("the baseline ended before all was measured (%s)", baseline.unfinished)
    if session.machine.cpu != baseline.machine.cpu:
        log.warning("the baseline is of another CPU: %s, here %s", baseline.machine.cpu, session.machine.cpu)
    for name in ("threads", "provider"):
        was, now = getattr(baseline.options, name), getattr(session.options, name)
        if was != now:
            log.warning("the baseline was measured with %s %s, this run with %s", name, was, now)
    if session.answers and baseline.answers and not _same_images(session.answers, baseline.answers):
        log.warning("the baseline is of other images: accuracies are compared by their intervals, not image by image")


def _warn_of_others(result: Result, earlier: Result) -> None:
    for what in ("precision", "runtime"):
        was, now = getattr(earlier, what), getattr(result, what)
        if was != now:
            log.warning("%s: the baseline has %s %s, this run %s", result.name, what, was, now)
    if earlier.accuracy is None and result.accuracy is not None:
        log.warning("%s has no accuracy in the baseline: make it with --data", result.name)


def _same_images(one: KeptAnswers, other: KeptAnswers) -> bool:
    return (one.images_sha256, one.targets) == (other.images_sha256, other.targets)


def _paired_drop(name: str, now: KeptAnswers | None, was: KeptAnswers | None) -> Interval | None:
    """Returns how much accuracy a contender lost on the same images; None where there are not the same."""
    if now is None or was is None or not _same_images(now, was):
        return None
    if name not in now.predicted or name not in was.predicted:
        return None
    return Interval(*paired_drop_interval(was.right(name), now.right(name)))


def _slower(result: Result, earlier: Result, most: float, disturbances: Sequence[str]) -> list[str]:
    now, was = result.latency_ms.p50, earlier.latency_ms.p50
    if now is None or was is None:
        return [f"{result.name} has too few runs, now or in the baseline, to say whether it is slower"]
    if now <= was * (1 + most):
        return []
    low, high = result.latency_ms.intervals["p50"]
    doubt = "; the machine was not quiet, see disturbed" if disturbances else ""
    return [
        f"{result.name} is {100 * (now / was - 1):.1f} % slower: {now:.3g} ms ({low:.3g} to {high:.3g}), the baseline "
        f"says {was:.3g}{doubt}"
    ]


def _less_accurate(result: Result, earlier: Result, drop: Interval | None) -> list[str]:
    if earlier.accuracy is None:
        return []
    if result.accuracy is None:
        return [f"{result.name} has an accuracy in the baseline and none now: add --data"]
    now, was = result.accuracy.top1, earlier.accuracy.top1
    if not (now < earlier.accuracy.low if drop is None else drop.low > 0):
        return []
    paired = "" if drop is None else f", the same images cost it {100 * drop.low:.2f} to {100 * drop.high:.2f} points"
    return [f"{result.name} is less accurate: top-1 {100 * now:.2f} %, the baseline says {100 * was:.2f}{paired}"]
