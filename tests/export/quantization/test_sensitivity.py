from __future__ import annotations

from small_cnn import SMALL_SPEC, colour_images

from cnnkit.export.quantization import sensitivity
from cnnkit.export.quantization.candidates import Workshop
from cnnkit.export.quantization.schemes import SCHEMES
from cnnkit.export.quantization.sensitivity import rank_layers
from cnnkit.runtime.onnx import OnnxClassifier


def test_neighbours_are_looked_at_together_where_there_is_little_time(small_model, tmp_path, monkeypatch):
    images = colour_images(40, seed=1)[0]
    workshop = Workshop(small_model, SMALL_SPEC, images, "any", tmp_path)
    made = []
    real = workshop.make
    monkeypatch.setattr(
        workshop, "make", lambda *a, floats=(), **k: made.append(floats) or real(*a, floats=floats, **k)
    )
    monkeypatch.setattr(sensitivity, "_FEWEST_GROUPS", 2)
    seconds = iter(range(0, 1000, 10))
    floating = OnnxClassifier(small_model)
    ranked = rank_layers(workshop, SCHEMES[0], floating, images, seconds=20, clock=lambda: float(next(seconds)))
    layers = workshop.quantizer.layers
    assert sorted(ranked) == sorted(layers)
    assert [len(layers) - len(floats) for floats in made] == [1, 2, 1]
