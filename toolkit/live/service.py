"""`--systemd`: the unit of a service that does what the options say, with no more rights than that takes."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

from cnnkit.system import TypedAddress, print_text

_WATCHDOG_S = 30.0
_HOMES = ("/home", "/root", "/run/user")
_STATE = Path("/var/lib/cnnkit")
_CAMERAS = ("video4linux", "media", "dma_heap")  # the latter two of a Raspberry Pi
_PLAIN = re.compile(r"[\w@+=:,./-]+")
_LOW_PORTS = "CAP_NET_BIND_SERVICE"
_ENVIRONMENT = "/etc/cnnkit/environment"


@dataclass(frozen=True)
class Service:
    """What a service is to do, and what of the machine it needs."""

    words: Sequence[str]  # options of `cnnkit webcam`, without what is secret
    secrets: Sequence[str] = ()  # variables that hold what was secret
    camera: bool = False  # a device of this machine, or any
    cameras: int = 1
    network: bool = True  # whether it talks to anybody
    device_free: bool = True  # neither a graphics card nor another processor computes
    low_port: bool = False  # it listens on a port that root alone may take
    watchdog_s: float | None = None
    read: Sequence[Path] = ()  # files that it reads
    written: Sequence[Path] = ()  # folders that it writes into


def is_camera(source: TypedAddress) -> bool:
    """Whether a source is a device of this machine, told by its name."""
    text = source.reveal()
    return text.isdecimal() or text == "picamera" or text.startswith("/dev/")


def print_service(service: Service) -> None:
    """Prints the unit."""
    print_text(service_unit(service).removesuffix("\n"))


def service_unit(service: Service) -> str:
    """Returns the unit's text."""
    watchdog_s = service.watchdog_s or _WATCHDOG_S
    words = list(service.words)
    if service.watchdog_s is None:
        words += ["--watchdog", f"{watchdog_s:g}"]
    text = (files("cnnkit.live") / "cnnkit.service").read_text(encoding="utf-8")
    for mark, lines in {
        "@NOTES@": _notes(service),
        "@EXEC@": [" ".join(map(quoted, [*_program(), "webcam", *words]))],
        "@WATCHDOG@": [f"{2 * watchdog_s:g}"],
        "@NEEDS@": _needs(service),
        "@CAPABILITIES@": [_LOW_PORTS] if service.low_port else [],
    }.items():
        text = text.replace(mark, "\n".join(lines))
    return text


def quoted(word: str) -> str:
    """Returns a word as systemd reads it back in a command line.

    Source: systemd.service(5), "Command lines".
    """
    text = word.replace("%", "%%").replace("$", "$$")
    if _PLAIN.fullmatch(word):
        return text
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n").replace("\t", "\\t")
    return f'"{escaped}"'


def _program() -> list[str]:
    script = Path(sys.executable).with_name("cnnkit")
    return [str(script)] if script.is_file() else [sys.executable, "-m", "cnnkit"]


def _notes(service: Service) -> Iterator[str]:
    if service.secrets:
        several = " (in double quotes, a source a line)" if service.cameras > 1 else ""
        named = " and ".join(f"{name}=...{several if name == 'CNNKIT_SOURCE' else ''}" for name in service.secrets)
        yield "\n#"
        yield f"# Passwords are not in here: write {named} into the file"
        yield f"# {_ENVIRONMENT}, and have nobody but root read it: sudo chmod 600 {_ENVIRONMENT}"


def _needs(service: Service) -> Iterator[str]:
    if service.camera:
        yield from ("SupplementaryGroups=video", "DevicePolicy=closed")
        yield from (f"DeviceAllow=char-{kind} rw" for kind in _CAMERAS)
    elif service.device_free:
        yield "PrivateDevices=yes"
    families = ["AF_UNIX", *(["AF_INET", "AF_INET6"] if service.network else [])]
    if service.camera:
        families.append("AF_NETLINK")  # by which udev tells of the Raspberry Pi's cameras
    if service.low_port:
        yield f"AmbientCapabilities={_LOW_PORTS}"
    yield f"RestrictAddressFamilies={' '.join(families)}"
    if not service.network:
        yield "PrivateNetwork=yes"
    if service.device_free:
        yield "MemoryDenyWriteExecute=yes"
    named = [*service.read, *service.written, Path(sys.executable)]
    in_homes = any(_is_in(path, home) for path in named for home in _HOMES)
    yield "ProtectHome=read-only" if in_homes else "ProtectHome=yes"
    for folder in dict.fromkeys(service.written):
        if folder.is_absolute() and not _is_in(folder, str(_STATE)):
            yield f"ReadWritePaths={quoted(str(folder))}"


def _is_in(path: Path, folder: str) -> bool:
    return path.is_absolute() and os.path.commonpath([folder, os.path.normpath(path)]) == folder
