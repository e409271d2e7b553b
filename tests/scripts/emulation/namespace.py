"""Commands below another root, run by qemu-user, in namespaces of their own.

Mounts and processes belong to a mount and a PID namespace: the kernel takes both away when its first process ends,
however that ends. The handler of ARM programs is the one thing that may outlive it, where binfmt_misc is mounted
elsewhere too or Linux is older than 6.7; it has a name of its own and is taken back.
"""

from __future__ import annotations

import shlex
import subprocess
import uuid
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import IO

QEMU = "qemu-aarch64-static"
BINFMT = Path("/proc/sys/fs/binfmt_misc")
PATH = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
MOUNT_BINFMT = f"mount -t binfmt_misc binfmt_misc {BINFMT}"
# The head of an ELF file of AArch64, a program or a shared object, and the bits of it that count.
_MAGIC = r"\x7f\x45\x4c\x46\x02\x01\x01\x00\x00\x00\x00\x00\x00\x00\x00\x00\x02\x00\xb7\x00"
_MASK = r"\xff\xff\xff\xff\xff\xff\xff\x00\xff\xff\xff\xff\xff\xff\xff\xff\xfe\xff\xff\xff"


@dataclass(frozen=True)
class View:
    """What a command sees below its root."""

    root: Path
    folders: Mapping[str, Path] = field(default_factory=dict)  # where they are there, such as "mnt/images" -> here
    cpuinfo: Path | None = None  # stands in for /proc/cpuinfo; None shows this machine's
    sysfs: bool = True  # whether there is a /sys: this machine's
    start: str = "/"  # the folder that the command starts in

    def mounts(self) -> list[str]:
        """Returns the commands that mount it."""
        lines = [f"mount -t proc proc {self._at('proc')}", f"mount --rbind /dev {self._at('dev')}"]
        lines += [f"mount -t sysfs -o ro sysfs {self._at('sys')}"] if self.sysfs else []
        lines += [f"mount -t tmpfs tmpfs {self._at(name)}" for name in ("tmp", "dev/shm")]
        lines += [f"mount --bind {_quoted(self.cpuinfo)} {self._at('proc/cpuinfo')}"] if self.cpuinfo else []
        for name, folder in self.folders.items():
            lines += [f"mkdir -p {self._at(name)}", f"mount --bind {_quoted(folder)} {self._at(name)}"]
        return lines

    def lines(self, command: Sequence[str]) -> list[str]:
        """Returns the commands that mount it, and the one that runs a command in it."""
        return [*self.mounts(), shlex.join(["chroot", str(self.root), "env", f"--chdir={self.start}", *command])]

    def _at(self, name: str) -> str:
        return _quoted(self.root / name)


def rule(handler: str, qemu: str) -> str:
    """Returns what registers an interpreter of ARM programs; F opens it at once, so that no root needs to hold it."""
    return f":{handler}:M::{_MAGIC}:{_MASK}:{qemu}:F"


def script(lines: Sequence[str], registered: str) -> str:
    """Returns the shell script that the first process of the namespaces runs; the last line gives its exit code."""
    register = f"printf %s {shlex.quote(registered)} > {BINFMT}/register"
    return "\n".join(["set -eu", MOUNT_BINFMT, register, *lines, "exit $?"])  # `exit`: the shell stays until then


def namespaced(text: str) -> list[str]:
    """Returns the command that runs a shell script in namespaces, and ends with who started it."""
    own = ["unshare", "--mount", "--pid", "--fork", "--kill-child", "--mount-proc"]
    return ["setpriv", "--pdeathsig=KILL", *own, "sh", "-c", text]


def run_emulated(
    lines: Sequence[str],
    qemu: str,
    variables: Mapping[str, str],
    *,
    timeout_s: float | None = None,
    output: IO[str] | int | None = subprocess.PIPE,
) -> subprocess.CompletedProcess[str]:
    """Runs lines of shell, of which the last gives the exit code; ARM programs are run by qemu.

    Args:
        lines: Commands; what they mount goes when they end.
        qemu: The path of the emulator.
        variables: The environment.
        timeout_s: Then all that runs is killed.
        output: Takes stdout and stderr as one; with PIPE they are in the result, each of its own.

    Raises:
        subprocess.TimeoutExpired: They took longer.
    """
    errors = subprocess.STDOUT if output not in (None, subprocess.PIPE) else output
    with _handler(qemu) as registered:
        return subprocess.run(
            namespaced(script(lines, registered)), env=dict(variables), stdin=subprocess.DEVNULL, text=True,
            stdout=output, stderr=errors, timeout=timeout_s, check=False,
        )  # fmt: skip


@contextmanager
def _handler(qemu: str) -> Iterator[str]:
    """Gives the rule of a handler of ARM programs, and takes back what it registered."""
    name = f"cnnkit-{uuid.uuid4().hex[:12]}"
    try:
        yield rule(name, qemu)
    finally:
        undo = f"{MOUNT_BINFMT}\ntest ! -e {BINFMT / name} || echo -1 > {BINFMT / name}\nexit 0"
        subprocess.run(namespaced(undo), check=True, env={"PATH": PATH}, start_new_session=True)


def _quoted(path: Path) -> str:
    return shlex.quote(str(path))
