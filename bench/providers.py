"""The same models on several execution providers: which are there, and a contender for each."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace

from cnnkit.bench.contenders import Contender
from cnnkit.errors import UsageError
from cnnkit.runtime import AUTO, check_known, import_onnxruntime, require_provider
from cnnkit.system import log


def check_providers(providers: Sequence[str]) -> tuple[str, ...]:
    """Returns the providers to measure, each once; one of several that is not there is left out, with a warning.

    Args:
        providers: Names as `--provider` takes them, one at least.

    Raises:
        UsageError: One is not known, or none is in the onnxruntime that is installed.
    """
    wanted = list(dict.fromkeys(provider.lower() for provider in providers))
    if wanted == ["cpu"]:
        return ("cpu",)
    available = import_onnxruntime().get_available_providers()
    found, missing = [], list[UsageError]()
    for provider in wanted:
        if provider == AUTO:
            found.append(provider)
            continue
        check_known(provider, available)
        try:
            require_provider(provider, available)
        except UsageError as error:
            missing.append(error)
        else:
            found.append(provider)
    if not found:
        raise missing[0]
    for each in missing:
        log.warning("%s (left out)", each)
    return tuple(found)


def on_providers(contenders: Sequence[Contender], providers: Sequence[str]) -> Iterator[Contender]:
    """Yields the contenders, each model once for each provider; where there are several, its name says which."""
    for contender in contenders:
        if contender.runtime != "onnxruntime":
            yield contender
            continue
        for provider in providers:
            name = contender.name if len(providers) == 1 else f"{contender.name} on {provider}"
            yield replace(contender, name=name, provider=provider)
