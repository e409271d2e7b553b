"""What must be known to read the figures of a bench run: the machine, the rules, what disturbed it, what follows."""

from __future__ import annotations

from cnnkit.bench.measuring import advice
from cnnkit.bench.report.grids import CLASSES
from cnnkit.bench.report.numbers import size
from cnnkit.bench.session import Result, Session
from cnnkit.machine import Machine
from cnnkit.measuring import enough_runs
from cnnkit.report import percent

_SHOWN = (50, 90, 99)  # percentiles
_FLOAT_NODES = 5  # named of those that compute in floats


def machine_line(machine: Machine) -> str:
    """Returns what was measured on."""
    versions = ", ".join(f"{name} {version}" for name, version in machine.packages.items())
    facts = [f"{machine.cores or 'unknown'} cores", f"{machine.threads} threads"]
    if machine.memory_bytes is not None:
        facts.append(f"{size(machine.memory_bytes)} of memory")
    if machine.governor is not None:
        facts.append(f"governor {machine.governor}")
    if machine.virtual:
        facts.append("virtual")
    return f"{machine.cpu} ({', '.join(facts)}), {machine.os}, Python {machine.python}, {versions}"


def notes(session: Session) -> list[str]:
    """Returns the sentences under the tables."""
    lines = [
        f"batch 1 in {session.rounds} rounds, the contenders in turns, each in a process of its own; random images; "
        "intervals are of 95 %, by bootstrap over rounds",
    ]
    if any(getattr(result.latency_ms, f"p{q}") is None for result in session.results for q in _SHOWN):
        rule = ", ".join(f"p{q} takes {enough_runs(q)}" for q in _SHOWN)
        lines.append(f"a percentile that is left out has too few runs: {rule}")
    restless = [result.name for result in session.results if result.warm_up and not result.warm_up.stable]
    if restless:
        lines.append(f"not settled after 3 s of warm-up: {', '.join(restless)}")
    if any(result.stages_ms for result in session.results):
        photo = session.options.photo.name
        lines.append(f"stages: medians, which do not add up, from {photo} as a file in memory to its label")
    starts = [result.cold_start.n for result in session.results if result.cold_start]
    if starts:
        count = str(starts[0]) if len(set(starts)) == 1 else f"{min(starts)} to {max(starts)}"
        lines.append(f"starts: medians of {count} new processes, their files in memory already")
    lines += _of_accuracy(session)
    for result in session.results:
        lines += advice(result.name, result.sweep) if result.sweep else []
        lines += _of_profile(result)
    lines += [f"disturbed: {sentence}" for sentence in session.disturbances]
    return [*lines, *([f"not all was measured: {session.unfinished}"] if session.unfinished else [])]


def _of_accuracy(session: Session) -> list[str]:
    if session.images is None:
        return []
    left_out = f"; {session.left_out:,} more could not be read" if session.left_out else ""
    lines = [f"accuracies with 95 % Wilson intervals on {session.images:,} images{left_out}"]
    accuracy = session.results[0].accuracy
    missing = [each.label for each in accuracy.classes if not each.images] if accuracy else []
    if missing:
        named = ", ".join(missing[:CLASSES]) + (", ..." if len(missing) > CLASSES else "")
        lines.append(f"no images of {named}: answers that name them lower macro F1")
    if accuracy and len(accuracy.classes) > CLASSES:
        lines.append("classes: those first of which a contender loses most against the first one")
    if session.comparisons:
        lines.append("right alone: the contender : the other, in images; p: McNemar's exact test of equal accuracy")
    return lines


def _of_profile(result: Result) -> list[str]:
    profile = result.profile
    if profile is None or not profile.integer_share:
        return []
    text = (
        f"{result.name} spends {percent(profile.integer_share)} of its time on integers, "
        f"{percent(profile.conversion_share)} between integers and floats"
    )
    if profile.float_nodes:
        more = len(profile.float_nodes) - _FLOAT_NODES
        named = ", ".join(profile.float_nodes[:_FLOAT_NODES]) + (f" and {more} more" if more > 0 else "")
        text += f"; still in floats: {named}"
    return [text]
