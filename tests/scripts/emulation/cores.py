"""The CPUs that are emulated, and what /proc/cpuinfo says on a machine that has them.

qemu-user 7.2 shows the host's /proc/cpuinfo, and onnxruntime, which reads in it what an ARM CPU can do, crashes over an
x86 CPU's where /sys is there as well. The features are those that qemu tells every process in AT_HWCAP and AT_HWCAP2.
"""

from __future__ import annotations

import re
from dataclasses import dataclass

# Bits from the lowest on, named as in Linux's arch/arm64/kernel/cpuinfo.c.
_HWCAP = (
    "fp", "asimd", "evtstrm", "aes", "pmull", "sha1", "sha2", "crc32", "atomics", "fphp", "asimdhp", "cpuid",
    "asimdrdm", "jscvt", "fcma", "lrcpc", "dcpop", "sha3", "sm3", "sm4", "asimddp", "sha512", "sve", "asimdfhm",
    "dit", "uscat", "ilrcpc", "flagm", "ssbs", "sb", "paca", "pacg",
)  # fmt: skip
_HWCAP2 = (
    "dcpodp", "sve2", "sveaes", "svepmull", "svebitperm", "svesha3", "svesm4", "flagm2", "frint", "svei8mm",
    "svef32mm", "svef64mm", "svebf16", "i8mm", "bf16", "dgh", "rng", "bti", "mte", "ecv", "afp", "rpres", "mte3",
    "sme", "smei16i64", "smef64f64", "smei8i32", "smef16f32", "smeb16f32", "smef32f32", "smefa64",
)  # fmt: skip


@dataclass(frozen=True)
class Core:
    """A CPU, by the numbers in its register MIDR_EL1."""

    name: str  # as QEMU_CPU has it
    implementer: int
    variant: int
    part: int
    revision: int

    def cpuinfo(self, features: str, processors: int) -> str:
        """Returns the text of /proc/cpuinfo on a machine with so many of them."""
        fields = {
            "BogoMIPS\t": "108.00",
            "Features\t": features,
            "CPU implementer\t": f"{self.implementer:#04x}",
            "CPU architecture": "8",
            "CPU variant\t": f"{self.variant:#x}",
            "CPU part\t": f"{self.part:#05x}",
            "CPU revision\t": str(self.revision),
        }
        lines = "".join(f"{name}: {value}\n" for name, value in fields.items())
        return "".join(f"processor\t: {number}\n{lines}\n" for number in range(processors))


CORES = (
    Core("cortex-a53", implementer=0x41, variant=0, part=0xD03, revision=4),  # Raspberry Pi 3
    Core("cortex-a72", implementer=0x41, variant=0, part=0xD08, revision=3),  # Raspberry Pi 4
    Core("cortex-a76", implementer=0x41, variant=4, part=0xD0B, revision=1),  # Raspberry Pi 5
    Core("max", implementer=0, variant=0, part=0x51, revision=0),  # all that qemu knows: I8MM, SVE2, SME
)


def features_of(auxiliary: str) -> str:
    """Returns the features that a program has by what `LD_SHOW_AUXV=1` prints before it starts."""
    names = []
    for field, known in (("AT_HWCAP", _HWCAP), ("AT_HWCAP2", _HWCAP2)):
        found = re.search(rf"^{field}:\s*(?:0x)?([0-9a-f]+)$", auxiliary, re.MULTILINE)
        bits = int(found.group(1), 16) if found else 0
        names += [name for bit, name in enumerate(known) if bits >> bit & 1]
    return " ".join(names)
