"""The machine: its processor, memory and instruction sets, and what TensorFlow finds on it."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.machine.emulation import EMULATED as EMULATED, family_of as family_of
    from cnnkit.machine.machine import (
        BFLOAT16_PRODUCTS as BFLOAT16_PRODUCTS,
        Machine as Machine,
        cpu_name as cpu_name,
        describe_machine as describe_machine,
        package_version as package_version,
        physical_cores as physical_cores,
    )
    from cnnkit.machine.memory import free_memory as free_memory
    from cnnkit.machine.tensorflow_probe import (
        Gpu as Gpu,
        TensorFlowFacts as TensorFlowFacts,
        probe_tensorflow as probe_tensorflow,
    )
else:
    __getattr__ = hand_on(
        __name__,
        {
            "emulation": ("EMULATED", "family_of"),
            "memory": ("free_memory",),
            "machine": (
                "BFLOAT16_PRODUCTS",
                "Machine",
                "cpu_name",
                "describe_machine",
                "package_version",
                "physical_cores",
            ),
            "tensorflow_probe": ("Gpu", "TensorFlowFacts", "probe_tensorflow"),
        },
    )
