"""Runs a command on an emulated 64-bit ARM machine that has cnnkit as it is in this repository; needs root.

    sudo python tests/scripts/arm_root.py                                    # cnnkit doctor, on a Cortex-A72
    sudo python tests/scripts/arm_root.py --core cortex-a53 python3 -m cnnkit predict --help
    sudo python tests/scripts/arm_root.py --host-cpuinfo python3 -m cnnkit doctor

Needs Debian's packages debootstrap and qemu-user-static. The first run builds a Debian root in
~/.cache/cnnkit/arm64-root, or where CNNKIT_ARM_ROOT says, which takes about 12 minutes; the exit code is the command's.
"""

from __future__ import annotations

import argparse
import signal
import sys

import click
from emulation.cores import CORES
from emulation.errors import EmulationError
from emulation.machine import CNNKIT, Seen, arm_machine


def main() -> int:
    """Runs the command; see the head of this file."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--core", choices=[core.name for core in CORES], default="cortex-a72", help="the CPU")
    parser.add_argument("--host-cpuinfo", action="store_true", help="show this machine's /proc/cpuinfo")
    parser.add_argument("--sysfs", action="store_true", help="show this machine's /sys")
    parser.add_argument("command", nargs=argparse.REMAINDER, help="a program of Debian, and its arguments")
    options = parser.parse_args()
    seen = Seen(own_cpuinfo=not options.host_cpuinfo, sysfs=options.sysfs)
    (core,) = (core for core in CORES if core.name == options.core)
    try:
        with arm_machine() as machine:
            return machine.run(core, options.command or [*CNNKIT, "doctor"], seen, capture=False).returncode
    except EmulationError as error:
        click.echo(f"arm_root.py: {error}", err=True)
        return 1
    except KeyboardInterrupt:
        return 130


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # ends what runs as well
    sys.exit(main())
