from __future__ import annotations

import sys
from contextlib import closing
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from tiny_models import TINY_SPEC, solid

from cnnkit.bench.contenders import Contender
from cnnkit.bench.measuring import processes
from cnnkit.bench.measuring.processes import WorkerProcess, worker_processes
from cnnkit.bench.options import BenchOptions
from cnnkit.errors import ModelError, UsageError


def worker_that_runs(code: str) -> tuple[str, ...]:
    """The command line of a worker that reads its first request and then does something else."""
    return sys.executable, "-c", f"import os, sys\nsys.stdin.readline()\n{code}"


def test_a_process_answers_as_a_runner_does(tiny_model, tmp_path):
    images = tmp_path / "images.npy"
    np.save(images, np.stack([solid("blue"), solid("red")]))
    contender = Contender("tiny", "model", tiny_model, TINY_SPEC)
    with worker_processes([contender], BenchOptions((tiny_model,), threads=1)) as runners:
        runner = runners["tiny"]
        loaded = runner.loaded()
        assert (loaded.precision, loaded.threads) == ("float32", 1)
        assert len(runner.time(2, runs=3, warmup=1)) == 3
        assert [ranked[0] for ranked in runner.classify(images, batch_size=1)] == [2, 0]
        assert runner.peak_memory_bytes() > 1_000_000
    assert runner._process.returncode == 0


@pytest.mark.parametrize(
    ("change", "error", "message"),
    [
        pytest.param({"path": "none.onnx"}, ModelError, "none.onnx", id="no such model"),
        pytest.param({"provider": "abacus"}, UsageError, "provider 'abacus' is not known", id="no such provider"),
    ],
)
def test_errors_keep_their_class(loading, change, error, message):
    with closing(WorkerProcess(replace(loading, **change))) as worker, pytest.raises(error, match=message):
        worker.loaded()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        pytest.param(
            "sys.exit('first\\nno space left')",
            "the process that measured tiny died (exit code 1), its last words: no space left",
            id="exit",
        ),
        pytest.param("sys.exit(3)", "the process that measured tiny died (exit code 3)", id="silent"),
        pytest.param(
            "print('{\"resu', end='', flush=True)",
            "the process that measured tiny died (exit code 0)",
            id="half a reply",
        ),
        pytest.param(
            "os.kill(os.getpid(), 9)",
            "the process that measured tiny died (SIGKILL, perhaps out of memory: try a smaller --batch-size)",
            id="killed",
            marks=pytest.mark.skipif(sys.platform == "win32", reason="no signals"),
        ),
    ],
)
def test_death_is_told_in_one_line(loading, code, message):
    with closing(WorkerProcess(loading, worker_that_runs(code))) as worker, pytest.raises(ModelError) as caught:
        worker.loaded()
    assert str(caught.value) == message


def test_death_between_requests(loading):
    reply = '{"result": {"precision": "float32", "runtime": "fake", "threads": 1}}'
    with closing(WorkerProcess(loading, worker_that_runs(f"print('{reply}', flush=True)"))) as worker:
        worker.loaded()
        worker._process.wait()
        with pytest.raises(ModelError, match=r"died \(exit code 0\)"):
            worker.time(1, 1, 0)


def test_a_process_that_does_not_end_is_ended(loading, monkeypatch):
    monkeypatch.setattr(processes, "_PATIENCE_S", 0.2)
    worker = WorkerProcess(loading, worker_that_runs("import time; time.sleep(60)"))
    worker.close()
    assert worker._process.returncode != 0


def test_an_error_in_the_block_ends_all_processes(tiny_model):
    contenders = [Contender(name, "model", tiny_model, TINY_SPEC) for name in ("a", "b")]
    with pytest.raises(ZeroDivisionError), worker_processes(contenders, BenchOptions((tiny_model,))) as runners:
        kept = list(runners.values())
        raise ZeroDivisionError
    assert all(worker._process.returncode is not None for worker in kept)


def test_what_libraries_print_does_not_disturb_the_replies(loading, tmp_path):
    """The worker's own stdout is not file descriptor 1 any more once it serves."""
    script = tmp_path / "noisy.py"
    script.write_text(
        "import os, sys, time\n"
        "from cnnkit.bench.measuring import worker\n"
        "replies = worker.claim_stdout()\n"
        "os.write(1, b'noise\\n'); print('more noise', flush=True)\n"
        "worker.serve(sys.stdin, replies, time.perf_counter_ns)\n",
        encoding="utf-8",
    )
    with closing(WorkerProcess(loading, (sys.executable, str(script)))) as worker:
        assert worker.loaded().precision == "float32"


def test_no_file_of_the_current_folder_is_imported(loading, tmp_path, monkeypatch):
    Path(tmp_path / "json.py").write_text("raise SystemExit('the wrong json')", encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    with closing(WorkerProcess(loading)) as worker:
        assert worker.loaded().precision == "float32"
