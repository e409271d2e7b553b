"""A bench run held against an earlier one: `--baseline`, for CI."""

from __future__ import annotations

from collections.abc import Iterable

from cnnkit.bench.session import Result, Session
from cnnkit.errors import ReportError
from cnnkit.messages import log


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

    Slower is a median latency above the earlier one by more than `most`; less accurate is a top-1 below the 95 %
    interval of the earlier one. A run on another machine or with other options is warned about.

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
        if earlier.name in new:
            found += _worse(new[earlier.name], earlier, most)
        else:
            log.warning("%s is in the baseline and was not measured now", earlier.name)
    return found


def _warn_of_differences(session: Session, baseline: Session) -> None:
    if session.machine.cpu != baseline.machine.cpu:
        log.warning("the baseline is of another CPU: %s, here %s", baseline.machine.cpu, session.machine.cpu)
    for name in ("threads", "provider"):
        was, now = getattr(baseline.options, name), getattr(session.options, name)
        if was != now:
            log.warning("the baseline was measured with %s %s, this run with %s", name, was, now)


def _worse(result: Result, earlier: Result, most: float) -> list[str]:
    found = []
    now, was = result.latency_ms.p50, earlier.latency_ms.p50
    if now is None or was is None:
        found.append(f"{result.name} has too few runs, now or in the baseline, to say whether it is slower")
    elif now > was * (1 + most):
        found.append(
            f"{result.name} is {100 * (now / was - 1):.1f} % slower: {now:.3g} ms, the baseline says {was:.3g}"
        )
    if earlier.accuracy is None:
        return found
    if result.accuracy is None:
        found.append(f"{result.name} has an accuracy in the baseline and none now: add --data")
    elif result.accuracy.top1 < earlier.accuracy.low:
        found.append(
            f"{result.name} is less accurate: top-1 {100 * result.accuracy.top1:.2f} %, the baseline says "
            f"{100 * earlier.accuracy.top1:.2f}"
        )
    return found
