from __future__ import annotations

import cv2
import numpy as np
from corner_models import bright_corners, corner_keras, corner_spec, save_corner_onnx
from script_modules import load_script

from cnnkit.spec import write_spec


def test_methods_are_better_than_maps_that_have_seen_nothing(tmp_path) -> None:
    model = save_corner_onnx(tmp_path / "corner.onnx", "top left")
    run = tmp_path / "run"
    run.mkdir()
    corner_keras("top left").save(run / "model.keras")
    (run / "spec.json").write_text(write_spec(corner_spec(dtype="float32")), encoding="utf-8")
    for number in range(3):
        image = np.roll(bright_corners(), number, axis=2)
        cv2.imwrite(str(tmp_path / f"{number}.png"), image)
    found = load_script("measure_explaining").measure(model, tmp_path, run, 3)
    assert set(found) == {"random", "centre", "occlusion", "masks, 100", "masks, 500", "activation"}
    blind = min(found[name]["deletion"] for name in ("random", "centre"))
    for name in ("occlusion", "masks, 500", "activation"):
        assert found[name]["deletion"] < 0.5 * blind
        assert found[name]["insertion"] > max(found[name]["insertion"] for name in ("random", "centre"))
