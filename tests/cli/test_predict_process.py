from __future__ import annotations

import json
import os
import subprocess
import sys

import pytest


def run_process(*arguments: str, **options) -> subprocess.CompletedProcess:
    return subprocess.run([sys.executable, *arguments], capture_output=True, timeout=60, **options)


@pytest.mark.skipif(sys.platform != "linux", reason="other systems refuse such names")
def test_names_that_are_no_utf8(photos, tiny_model):
    name = os.fsdecode(b"photos/caf\xe9.png")
    os.rename("photos/red.png", name)
    base = ("-m", "cnnkit", "predict", "--model", str(tiny_model), name)
    lines = run_process(*base, "--format", "jsonl")
    assert json.loads(lines.stdout)["source"] == name
    table = run_process(*base)
    assert table.stdout.startswith(rb"photos/caf\udce9.png")
    assert (lines.returncode, table.returncode, lines.stderr, table.stderr) == (0, 0, b"", b"")


def test_pipe_whose_reader_goes_away(photos, tiny_model):
    command = [sys.executable, "-m", "cnnkit", "predict", "--model", str(tiny_model), "--format", "jsonl", "-"]
    process = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=subprocess.PIPE)
    process.stdout.close()
    _, errors = process.communicate(b"photos/red.png\n" * 100, timeout=60)
    assert (process.returncode, errors) == (1, b"")


def test_nothing_heavy_is_imported(photos, tiny_model):
    code = (
        "import sys; from cnnkit.cli import main\n"
        f"try: main(['predict', '--model', {str(tiny_model)!r}, 'photos/red.png'])\n"
        "finally: print(*sorted(sys.modules))"
    )
    modules = set(run_process("-c", code).stdout.decode().split("\n")[-2].split())
    assert {"cv2", "onnxruntime", "numpy", "cnnkit.runtime.onnx"} <= modules
    heavy = {
        "rich",
        "onnx",
        "tensorflow",
        "keras",
        "sklearn",
        "matplotlib",
        "psutil",
        "csv",
        "asyncio",
        "PIL",
        "skimage",
    }
    assert (
        modules
        & (heavy | {"concurrent.futures", "multiprocessing", "cnnkit.sources.class_folders", "cnnkit.runtime.golden"})
        == set()
    )


def test_home_folder_stays_as_it_is(photos, tiny_model, tmp_path):
    """Neither a cache nor the device identifier of ONNX Runtime's telemetry."""
    home = tmp_path / "home"
    home.mkdir()
    names = ("ORT_DISABLE_TELEMETRY", "XDG_CACHE_HOME", "XDG_CONFIG_HOME")
    environment = {name: value for name, value in os.environ.items() if name not in names}
    environment.update(HOME=str(home), USERPROFILE=str(home))
    result = run_process("-m", "cnnkit", "predict", "--model", str(tiny_model), "photos/red.png", env=environment)
    assert (result.returncode, result.stderr) == (0, b"")
    assert os.listdir(home) == []
