"""The wheel on 64-bit ARM, which qemu-user emulates: it works, and answers as this machine does."""

from __future__ import annotations

import json
import os
import subprocess
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path

import measure_arm
import pytest
from emulation.answers import Answer, compare
from emulation.cores import CORES, Core, features_of
from emulation.errors import CannotRunError
from emulation.machine import CNNKIT, ArmMachine, Seen, arm_machine
from emulation.namespace import BINFMT, MOUNT_BINFMT, namespaced
from figures.needs import VARIABLE, data_folder

PHOTO = Path(__file__).parents[2] / "toolkit" / "examples" / "cat.jpg"
pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def machine() -> Iterator[ArmMachine]:
    try:
        with arm_machine() as found:
            yield found
    except CannotRunError as error:
        pytest.skip(str(error))


@pytest.fixture(params=CORES, ids=lambda core: core.name)
def core(request: pytest.FixtureRequest) -> Core:
    return request.param


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of images, evenly of ten classes."""
    data = data_folder()
    if data is None:
        pytest.skip(f"{VARIABLE} names no folder with train/ and test/; tests/scripts/jpeg_cifar10.py makes one")
    folder = tmp_path_factory.mktemp("arm") / "images"
    measure_arm.copy_images(measure_arm.chosen_images(data / "test", measure_arm.COUNT), folder)
    return folder


@pytest.fixture(scope="module", params=measure_arm.LIMITS)
def answers(images: Path, request: pytest.FixtureRequest) -> tuple[str, dict[str, Answer]]:
    """A file of the bundled model, and what it answers on this machine."""
    return request.param, measure_arm.answers_here(images, request.param)


def cnnkit(machine: ArmMachine, core: Core, *arguments: str) -> subprocess.CompletedProcess[str]:
    done = machine.run(core, [*CNNKIT, *arguments], Seen({"mnt/photos": PHOTO.parent}))
    assert done.returncode == 0, done.stderr
    return done


def is_running(word: str) -> bool:
    """Whether there is a process with this word in its command line."""
    for path in Path("/proc").glob("[0-9]*/cmdline"):
        with suppress(OSError):  # it has ended meanwhile
            if word.encode() in path.read_bytes():
                return True
    return False


@pytest.fixture
def handlers() -> Iterator[Callable[[], set[str]]]:
    """Lists the handlers of foreign programs, which the kernel keeps while binfmt_misc is mounted somewhere."""
    keep = subprocess.Popen(namespaced(f"{MOUNT_BINFMT}\necho\nsleep 600"), stdout=subprocess.PIPE)
    assert keep.stdout is not None and keep.stdout.readline() == b"\n"
    yield lambda: set(subprocess.check_output(namespaced(f"{MOUNT_BINFMT}\nls {BINFMT}"), text=True).split())
    keep.kill()
    keep.communicate()


def test_programs_find_the_cpu_that_is_emulated(machine: ArmMachine, core: Core) -> None:
    done = machine.run(core, ["sh", "-c", "uname -m; cat /proc/cpuinfo; LD_SHOW_AUXV=1 /bin/true"])
    lines = done.stdout.splitlines()
    assert lines[0] == "aarch64" and lines.count(f"CPU part\t: {core.part:#05x}") == os.cpu_count()
    assert f"Features\t: {features_of(done.stdout)}" in lines and ("asimddp" in done.stdout) is (core in CORES[2:])


def test_verify_passes(machine: ArmMachine, core: Core) -> None:
    found = json.loads(cnnkit(machine, core, "verify", "--format", "json").stdout)
    assert found["passed"] and found["images"] == 16


def test_predict_is_right_about_the_example(machine: ArmMachine, core: Core) -> None:
    done = cnnkit(machine, core, "predict", "/mnt/photos/cat.jpg", "--format", "json")
    (row,) = json.loads(done.stdout)
    assert row["label"] == "cat" and row["error"] is None
    assert "initialize" not in done.stderr  # onnxruntime sees what the CPU can do


def test_answers_are_those_of_this_machine(
    machine: ArmMachine, core: Core, images: Path, answers: tuple[str, dict[str, Answer]]
) -> None:
    model, here = answers
    found = compare(here, measure_arm.answers_there(machine, core, images, model))
    assert found.images == measure_arm.COUNT and found.label_changes == 0
    assert found.max_probability_difference <= measure_arm.LIMITS[model]


@pytest.mark.parametrize(
    ("command", "code"),
    [
        pytest.param(["sh", "-c", "exit 3"], 3, id="after an error"),
        pytest.param(["sleep", "601.5"], None, id="after an interruption"),
    ],
)
def test_nothing_stays(
    command: list[str], code: int | None, machine: ArmMachine, handlers: Callable[[], set[str]], monkeypatch
) -> None:
    before = handlers()
    if code is None:
        monkeypatch.setattr("emulation.machine.TIMEOUT_S", 5)
        with pytest.raises(subprocess.TimeoutExpired):
            machine.run(CORES[0], command)
    else:
        assert machine.run(CORES[0], command).returncode == code
    assert str(machine.root) not in Path("/proc/self/mountinfo").read_text()
    assert handlers() == before
    assert not is_running("601.5")
