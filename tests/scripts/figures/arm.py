"""The bundled files on emulated ARM CPUs: what they answer, for how fast they are an emulator cannot say."""

from __future__ import annotations

from figures.figure import DATA, FigureError, Measurement, Output, Row
from figures.wording import changed_labels

CPUS = "Cortex-A53, A72, A76 and qemu's `max`"


def _answers(file: str):
    def read(output: Output) -> str:
        found = [one for one in output.last_line()["emulated"] if one["file"] == file]
        if not found:
            raise FigureError(f"nothing was measured of {file}")
        changed = sum(one["label_changes"] for one in found)
        worst = max(one["max_probability_difference"] for one in found)
        some = [one["differing"] for one in found]
        span = f"{min(some)} to {max(some)} of {found[0]['images']} images differ at all"
        return f"{changed_labels(changed)}, {worst:.1e}; {span} ({len(found)} CPUs, emulated)"

    return read


ARM = (
    Measurement(
        "arm",
        (f"python tests/scripts/measure_arm.py {DATA}/test",),
        (
            Row(
                f"bundled network, INT8, on **emulated** ARM CPUs ({CPUS}; qemu-user, no ARM machine was measured) "
                "against this machine: labels, and the largest difference of a probability",
                _answers("best.int8.onnx"),
            ),
            Row("the same emulated CPUs, float32", _answers("best.onnx")),
        ),
        minutes=20,
        on_request=True,
    ),
)
