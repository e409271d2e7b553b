"""Opens ONNX Runtime sessions: which provider, how many threads, and one line for everything that can go wrong."""

from __future__ import annotations

import importlib
import os
import re
from pathlib import Path
from types import ModuleType
from typing import Any

from cnnkit.errors import ModelError, SpecError, UsageError
from cnnkit.runtime.providers import AUTO, PROVIDERS, require_provider
from cnnkit.spec import (
    METADATA_KEY,
    external_locations,
    is_ort_format,
    no_onnx,
    nodes_with_calls,
    read_model_bytes,
    repeated_keys,
)
from cnnkit.system import ONNXRUNTIME, broken_imports, import_package, log

# What "auto" tries, in this order; others are slower on most models, or take minutes to start.
_PREFERRED = ("cuda", "migraphx", "coreml", "directml", "openvino", "cpu")


_ERROR_NAMES = (
    "EPFail", "EngineError", "Fail", "InvalidArgument", "InvalidGraph", "InvalidProtobuf", "ModelLoaded", "NoModel",
    "NoSuchFile", "NotImplemented", "RuntimeException",
)  # fmt: skip
_NO_MEMORY = ("bad_alloc", "bad allocation", "Failed to allocate memory")
_FATAL = 4  # log severity: what goes wrong is raised as well, so nothing needs to be logged
_MOST_NODES = 20_000  # with all that functions of a graph's own call: onnxruntime needs a minute to write out as many
_FEWEST_THREADS, _THREADS_A_PROCESSOR = 8, 4  # what may be asked for
# "/onnxruntime_src/onnxruntime/core/graph/model.cc:245 onnxruntime::Model::Model(...) ", "parse_string.h:116 Parse "
_PLACE = re.compile(
    r"(?<!\S)(?=\S*onnxruntime)\S+?\.(?:cc|cpp|h):\d+ [^()]*\([^()]*\)(?: const)?(?: \[[^\]]*\])? "
    r"|\b\w+\.(?:cc|cpp|h):\d+ \w+ "
)
_MAX_READ = 4_000  # characters of a message, which may hold megabytes of a stranger's file
_MAX_REASON = 240  # characters of onnxruntime's message that are worth a line


def import_onnxruntime(part: str = "") -> ModuleType:
    """Opens onnxruntime, here and nowhere else: without its log, in colours, of what it raises as well, and with its
    telemetry off, unless ORT_DISABLE_TELEMETRY is set already.

    Its releases send usage data to their maker by default, write a device identifier into the home folder, and warn on
    stderr where they cannot; the variable counts only when it is set before the import.

    Args:
        part: A module of the package, such as "quantization", which is imported then and returned.

    Raises:
        CnnkitError: It is not installed, or is and cannot be imported.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")
    onnxruntime = import_package(ONNXRUNTIME)
    onnxruntime.set_default_logger_severity(_FATAL)  # of sessions without options too, and of what is beside sessions
    if not part:
        return onnxruntime
    with broken_imports():
        return importlib.import_module(f"onnxruntime.{part}")


def open_session(
    path: Path,
    *,
    threads: int | None = None,
    provider: str = "cpu",
    precise_x64: bool = False,
    spinning: bool = True,
    profile: Path | None = None,
) -> Any:
    """Opens an `onnxruntime.InferenceSession` with all graph optimizations.

    Args:
        path: An ONNX file.
        threads: CPU threads of one inference; None or 0 leaves it to onnxruntime: one a physical core.
        provider: A name of `PROVIDERS`, or "auto": the first usual one that starts here, which may be the CPU.
        spinning: Whether its threads may wait for work by asking for it all the time: faster by a half where they
            are asked one time after another, and a waste of the processors where they wait for a camera.
        precise_x64: Let 8-bit products never saturate on x86 CPUs without VNNI, at the cost of time there.
        profile: How the file begins into which `end_profiling` writes the time of each node; None measures nothing.

    Raises:
        ModelError: The file is missing, no ONNX model, reads files outside its folder, or cannot be run here.
        SpecError: It carries two specs.
        UsageError: The provider is not known or not available here, or there are far too many threads.
    """
    _check_threads(threads)
    if provider.lower() == AUTO:
        return _open_first(path, threads=threads, precise_x64=precise_x64, spinning=spinning)
    onnxruntime = import_onnxruntime()
    wanted = require_provider(provider, onnxruntime.get_available_providers())
    _refuse_contents(path, read_model_bytes(path))
    options = onnxruntime.SessionOptions()
    options.graph_optimization_level = onnxruntime.GraphOptimizationLevel.ORT_ENABLE_ALL
    options.log_severity_level = _FATAL
    options.intra_op_num_threads = threads or 0
    if not spinning:
        options.add_session_config_entry("session.intra_op.allow_spinning", "0")
    if precise_x64:
        options.add_session_config_entry("session.x64quantprecision", "1")
    if profile is not None:
        options.enable_profiling, options.profile_file_prefix = True, os.fspath(profile)
    providers = list(dict.fromkeys((wanted, PROVIDERS["cpu"])))
    settings = [_settings(name, threads) for name in providers]
    try:
        # Without enable_fallback=0 a provider that fails is replaced by the CPU, with a print to stdout.
        session = onnxruntime.InferenceSession(
            os.fspath(path), options, providers=providers, provider_options=settings, enable_fallback=0
        )
    except runtime_errors() as error:
        raise ModelError(_why_not_loaded(path, str(error), provider)) from error
    used = session.get_providers()[0]
    if used != wanted:
        raise ModelError(
            f"provider {provider} cannot start on this machine (onnxruntime took {used}): "
            "check its drivers and libraries, or use --provider cpu"
        )
    return session


def _settings(provider: str, threads: int | None) -> dict[str, str]:
    """Returns what a provider is told itself: OpenVINO has threads of its own, and takes all processors unasked."""
    return {"num_of_threads": str(threads)} if threads and provider == PROVIDERS["openvino"] else {}


def _check_threads(threads: int | None) -> None:
    """Checks that threads get something to do: hundreds that wait for one processor take minutes over one inference."""
    processors = os.cpu_count() or 1
    most = max(_FEWEST_THREADS, _THREADS_A_PROCESSOR * processors)
    if threads and threads > most:
        raise UsageError(f"threads is {threads}, this machine has {processors} processors: expected {most} at most")


def used_provider(session: Any) -> str:
    """Returns the short name of the provider that a session runs on: "cpu"."""
    used = session.get_providers()[0]
    return next((name for name, long_name in PROVIDERS.items() if long_name == used), str(used))


def runtime_errors() -> tuple[type[Exception], ...]:
    """Returns the exception classes of onnxruntime, which have no base class of their own."""
    state = import_onnxruntime("capi.onnxruntime_pybind11_state")
    own = [getattr(state, name) for name in _ERROR_NAMES if hasattr(state, name)]
    return (*own, RuntimeError, ValueError)


def lacks_memory(text: str) -> bool:
    """Whether onnxruntime's message is about memory that it did not get."""
    return any(words in text for words in _NO_MEMORY)


def short_reason(text: str) -> str:
    """Returns onnxruntime's message as one line, without error code and place in its code, cut where it is a dump."""
    if lacks_memory(text):
        return "there is too little memory, close other programs"
    line = _PLACE.sub("", " ".join(text[:_MAX_READ].split()))
    if line.startswith("[ONNXRuntimeError]"):
        line = line.split(" : ", 3)[-1]
    return line if len(line) <= _MAX_REASON else line[:_MAX_REASON].rstrip() + "..."


def _open_first(path: Path, **options: Any) -> Any:
    """Opens a session on the first provider that starts, and says which one that is where there was a choice."""
    available = import_onnxruntime().get_available_providers()
    for provider in _PREFERRED[:-1]:
        if PROVIDERS[provider] in available:
            try:
                session = open_session(path, provider=provider, **options)
            except ModelError as error:
                log.warning("%s", error)
                continue
            log.info("running on %s", provider)
            return session
    return open_session(path, provider="cpu", **options)


def _refuse_contents(path: Path, data: bytes) -> None:
    """Refuses weights elsewhere, as newer onnxruntime versions do themselves, and two specs, of which they take one."""
    if is_ort_format(data):
        return  # which names no other files
    try:
        locations = external_locations(data)
        nodes = nodes_with_calls(data)
        two = data.count(METADATA_KEY.encode()) > 1 and METADATA_KEY in repeated_keys(memoryview(data))
    except ValueError as error:
        raise ModelError(no_onnx(path, data, str(error))) from error
    if two:
        raise SpecError(f"{path} carries two model specs, expected one: export the model again")
    if nodes > _MOST_NODES:
        raise ModelError(f"{path} has over {_MOST_NODES:,} nodes with all that its functions call: that is refused")
    folders = {os.path.realpath(path.parent), os.path.dirname(os.path.realpath(path))}
    for location in locations:
        target = os.path.realpath(path.parent / location)
        if os.path.isabs(location) or not any(target.startswith(os.path.join(folder, "")) for folder in folders):
            raise ModelError(f"{path} reads its weights from {location!r}, outside its own folder: that is refused")
        if os.path.exists(target) and not os.path.isfile(target):
            raise ModelError(f"{path} reads its weights from {location!r}, which is no regular file: that is refused")


def _why_not_loaded(path: Path, text: str, provider: str) -> str:
    if "INVALID_PROTOBUF" in text or "No graph was found" in text:
        return no_onnx(path, read_model_bytes(path), "it cannot be parsed")
    if provider.lower() != "cpu":
        cause = text.strip().splitlines()[-1:]  # before it stands where in the code of the provider it came up
        return f"provider {provider} cannot run {path} here ({short_reason(''.join(cause))}): use --provider cpu"
    reason = text.split(f"Load model from {path} failed:", 1)[-1]
    return f"onnxruntime {import_onnxruntime().__version__} cannot load {path}: {short_reason(reason)}"
