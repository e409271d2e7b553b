"""ARM machines with cnnkit on them."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory

from emulation.cores import Core, features_of
from emulation.errors import CannotRunError
from emulation.namespace import PATH, QEMU, View, run_emulated
from emulation.needs import missing, program
from emulation.packages import build_wheel, install
from emulation.root import ensure_root, root_folder

SITE = "opt/cnnkit"  # where the packages are in the root
CNNKIT = ("python3", "-m", "cnnkit")
TIMEOUT_S = 7200  # of a command: all is 10 to 30 times slower, SME's instructions of `max` much more


@dataclass(frozen=True)
class Seen:
    """What a command sees of this machine."""

    folders: Mapping[str, Path] = field(default_factory=dict)  # where they are there, such as "mnt/images" -> here
    start: str = "/tmp"  # the folder that the command starts in
    own_cpuinfo: bool = True  # whether /proc/cpuinfo is the emulated CPU's, not this machine's
    sysfs: bool = True  # whether there is a /sys, this machine's: without it onnxruntime does not see what a CPU can do


@dataclass(frozen=True)
class ArmMachine:
    """A Debian root, and packages for it."""

    root: Path
    site: Path  # cnnkit and its dependencies
    qemu: str  # the path of the emulator

    def run(
        self, core: Core, command: Sequence[str], seen: Seen = Seen(), *, capture: bool = True
    ) -> subprocess.CompletedProcess[str]:
        """Runs a command on a CPU.

        Args:
            core: The CPU.
            command: A program of the root, and its arguments.
            seen: What it sees of this machine.
            capture: Whether the result holds what it printed; otherwise that goes where this process prints.

        Raises:
            subprocess.TimeoutExpired: It took longer than `TIMEOUT_S`.
        """
        with TemporaryDirectory(prefix="cnnkit-arm-") as temporary:
            cpuinfo = Path(temporary, "cpuinfo") if seen.own_cpuinfo else None
            if cpuinfo:
                cpuinfo.write_text(core.cpuinfo(self.features(core), os.cpu_count() or 1), encoding="ascii")
            folders = {SITE: self.site, **seen.folders}
            view = View(self.root, folders, cpuinfo, sysfs=seen.sysfs, start=seen.start)
            output = subprocess.PIPE if capture else None
            return run_emulated(view.lines(command), self.qemu, _variables(core), timeout_s=TIMEOUT_S, output=output)

    def features(self, core: Core) -> str:
        """Returns what the emulator tells a program of the CPU's features, as /proc/cpuinfo names them."""
        lines = View(self.root).lines(["env", "LD_SHOW_AUXV=1", "true"])
        return features_of(run_emulated(lines, self.qemu, _variables(core), timeout_s=TIMEOUT_S).stdout)


def _variables(core: Core) -> dict[str, str]:
    """Returns the environment of a command on a CPU."""
    return {
        "PATH": PATH,
        "HOME": "/tmp",
        "LANG": "C.UTF-8",
        "NO_COLOR": "1",
        "PYTHONPATH": f"/{SITE}",
        "QEMU_CPU": core.name,
    }


@contextmanager
def arm_machine() -> Iterator[ArmMachine]:
    """Gives an ARM machine with cnnkit as it is in the repository.

    Raises:
        CannotRunError: This machine cannot emulate it; the line says why, and what to do.
        EmulationError: The root cannot be built, or there are no wheels.
    """
    root, qemu = root_folder(), program(QEMU)
    reason = missing(root)
    if reason or qemu is None:
        raise CannotRunError(reason or f"{QEMU} is not installed")
    ensure_root(root, qemu)
    with TemporaryDirectory(prefix="cnnkit-arm-") as folder:
        site = Path(folder, "site")
        site.mkdir()
        install(build_wheel(Path(folder)), site)
        yield ArmMachine(root, site, qemu)
