"""Runs a command on this CPU with AVX2, and AVX-512, VNNI and AMX hidden from it.

    python tests/scripts/on_older_cpu.py cnnkit bench --model model.int8.onnx --compare model.onnx

Its times are this CPU's with the instructions that are left. The exit code is the command's.
"""

from __future__ import annotations

import subprocess
import sys

from emulation.errors import EmulationError
from emulation.older import older_cpu


def main() -> int:
    if len(sys.argv) < 2:
        sys.exit("expected a command, such as: on_older_cpu.py cnnkit doctor")
    try:
        with older_cpu() as words:
            return subprocess.run([*words, *sys.argv[1:]], check=False).returncode
    except EmulationError as error:
        sys.exit(f"error: {error}")


if __name__ == "__main__":
    sys.exit(main())
