from __future__ import annotations

import sys

import pytest

import cnnkit.machine.tensorflow_probe
from cnnkit.machine.tensorflow_probe import MARK, Gpu, TensorFlowFacts, probe_tensorflow

FACTS = '{"version": "2.21.0", "built_with_cuda": true, "gpus": [["H200", [9, 0]], ["Radeon", null]]}'


def answers(code: str) -> tuple[str, ...]:
    """A command that runs this code instead of asking TensorFlow."""
    return sys.executable, "-c", code


@pytest.fixture(autouse=True)
def _installed(monkeypatch):
    monkeypatch.setattr(cnnkit.machine.tensorflow_probe, "find_spec", lambda name: object())


def test_facts_are_found_among_other_lines():
    facts = probe_tensorflow(answers(f"print('hello'); print({MARK + FACTS!r}); print('bye')"))
    assert facts == TensorFlowFacts("2.21.0", True, (Gpu("H200", (9, 0)), Gpu("Radeon", None)))


@pytest.mark.parametrize(
    ("code", "error"),
    [
        pytest.param("import sys; sys.exit('no libcudart.so')", "exit code 1: no libcudart.so", id="import"),
        pytest.param("pass", "exit code 0: no message", id="silence"),
        pytest.param("import time; time.sleep(60)", "no answer within 0.5 s", id="hangs"),
    ],
)
def test_a_broken_installation_is_a_finding(code, error):
    assert probe_tensorflow(answers(code), time_limit_s=0.5 if "sleep" in code else 60) == TensorFlowFacts(
        None, None, (), error
    )


def test_not_installed(monkeypatch):
    monkeypatch.setattr(cnnkit.machine.tensorflow_probe, "find_spec", lambda name: None)
    assert probe_tensorflow() is None
