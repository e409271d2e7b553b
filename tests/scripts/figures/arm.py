"""The bundled files on emulated ARM CPUs: what they answer, for how fast they are an emulator cannot say."""

from __future__ import annotations

from figures.figure import DATA, FigureError, Measurement, Output, Row
from figures.wording import changed_labels


def _answers(file: str):
    def read(output: Output) -> str:
        found = [one for one in output.last_line()["emulated"] if one["file"] == file]
        if not found:
            raise FigureError(f"nothing was measured of {file}")
        changed = sum(one["label_changes"] for one in found)
        worst = max(one["max_probability_difference"] for one in found)
        cpus = f"{len(found)} emulated {'CPU' if len(found) == 1 else 'CPUs'}"
        return f"{changed_labels(changed)}, {worst:.1e} ({cpus}, n = {found[0]['images']:,})"

    return read


ARM = (
    Measurement(
        "arm",
        (f"python tests/scripts/measure_arm.py {DATA}/test",),
        (
            Row(
                "INT8 on emulated ARM, worst difference of a probability",
                _answers("best.int8.onnx"),
            ),
            Row("the same in float32", _answers("best.onnx")),
        ),
        minutes=20,
        on_request=True,
    ),
)
