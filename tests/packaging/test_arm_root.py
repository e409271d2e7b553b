"""How ARM is emulated, as far as that can be tried anywhere: command lines, /proc/cpuinfo, reasons why it cannot be."""

from __future__ import annotations

import shlex
from pathlib import Path
from types import SimpleNamespace

import arm_root
import pytest
from emulation import needs, packages, root
from emulation.cores import CORES, features_of
from emulation.errors import CannotRunError, EmulationError
from emulation.namespace import View, namespaced, rule, script

A76 = next(core for core in CORES if core.name == "cortex-a76")
WHOLE = root.RECIPE


def test_cpuinfo_is_that_of_the_cpu() -> None:
    processor = (
        "processor\t: {}\nBogoMIPS\t: 108.00\nFeatures\t: fp asimd asimddp\nCPU implementer\t: 0x41\n"
        "CPU architecture: 8\nCPU variant\t: 0x4\nCPU part\t: 0xd0b\nCPU revision\t: 1\n\n"
    )
    assert A76.cpuinfo("fp asimd asimddp", 2) == processor.format(0) + processor.format(1)


@pytest.mark.parametrize(
    ("auxiliary", "expected"),
    [
        pytest.param("AT_HWCAP:             8fb\n", "fp asimd aes pmull sha1 sha2 crc32 cpuid", id="Cortex-A53"),
        pytest.param("AT_PAGESZ: 4096\nAT_HWCAP:   100002\nAT_HWCAP2:            0x6000\n", "asimd asimddp i8mm bf16",
                     id="both words"),
        pytest.param("AT_PLATFORM: aarch64\n", "", id="neither"),
    ],
)  # fmt: skip
def test_features_are_read_from_what_a_program_is_told(auxiliary: str, expected: str) -> None:
    assert features_of(auxiliary) == expected


@pytest.mark.parametrize(
    ("view", "expected"),
    [
        pytest.param(
            View(Path("/r"), sysfs=False),
            ["mount -t proc proc /r/proc", "mount --rbind /dev /r/dev", "mount -t tmpfs tmpfs /r/tmp",
             "mount -t tmpfs tmpfs /r/dev/shm", "chroot /r env --chdir=/ true"],
            id="the least",
        ),
        pytest.param(
            View(Path("/a root"), {"mnt/images": Path("/my images")}, Path("/t/cpuinfo"), start="/mnt/images"),
            ["mount -t proc proc '/a root/proc'", "mount --rbind /dev '/a root/dev'",
             "mount -t sysfs -o ro sysfs '/a root/sys'", "mount -t tmpfs tmpfs '/a root/tmp'",
             "mount -t tmpfs tmpfs '/a root/dev/shm'", "mount --bind /t/cpuinfo '/a root/proc/cpuinfo'",
             "mkdir -p '/a root/mnt/images'", "mount --bind '/my images' '/a root/mnt/images'",
             "chroot '/a root' env --chdir=/mnt/images true"],
            id="all of it",
        ),
    ],
)  # fmt: skip
def test_a_command_sees_what_is_mounted_before_it(view: View, expected: list[str]) -> None:
    assert view.lines(["true"]) == expected


def test_all_of_it_runs_in_namespaces_that_end_with_their_starter() -> None:
    *own, text = namespaced("true")
    assert own == shlex.split("setpriv --pdeathsig=KILL unshare --mount --pid --fork --kill-child --mount-proc sh -c")
    assert text == "true"


def test_the_handler_is_registered_first_and_opened_at_once() -> None:
    registered = rule("cnnkit-1", "/usr/bin/qemu-aarch64-static")
    _, name, kind, _, magic, mask, path, flags = registered.split(":")
    assert (name, kind, path, flags) == ("cnnkit-1", "M", "/usr/bin/qemu-aarch64-static", "F")
    assert magic.startswith(r"\x7f\x45\x4c\x46") and len(magic) == len(mask) == 20 * len(r"\x00")
    lines = script(["one", "two"], registered).splitlines()
    assert lines[0] == "set -eu" and lines[2] == f"printf %s '{registered}' > /proc/sys/fs/binfmt_misc/register"
    assert lines[3:] == ["one", "two", "exit $?"]


@pytest.mark.parametrize(
    ("system", "machine", "user", "expected"),
    [
        ("linux", "x86_64", 0, None),
        ("darwin", "arm64", 0, "qemu-user emulates on Linux only, this is darwin: use a Debian machine"),
        ("linux", "aarch64", 0, "this machine is aarch64 itself: nothing needs to be emulated, `make test` says what"),
        ("linux", "x86_64", 1000, "need root: make .venv/.installed-dev && sudo make test-arm"),
    ],
)
def test_systems_that_cannot_say_why(system: str, machine: str, user: int, expected: str | None) -> None:
    problem = needs.system_problem(system, machine, user)
    assert problem is None if expected is None else problem and expected in problem


@pytest.fixture
def able(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Stands for a machine on which ARM can be emulated."""
    keyring = tmp_path / "keyring"
    keyring.touch()
    monkeypatch.setattr(needs, "system_problem", lambda *_: None)
    monkeypatch.setattr(needs, "program", lambda name: f"/usr/bin/{name}")
    monkeypatch.setattr(needs, "KEYRING", keyring)
    monkeypatch.setattr(needs.subprocess, "run", lambda *_, **__: SimpleNamespace(returncode=0))
    monkeypatch.setattr(needs.urllib.request, "urlopen", lambda *_, **__: SimpleNamespace(close=lambda: None))


@pytest.mark.usefixtures("able")
class TestMissing:
    def test_nothing(self, tmp_path: Path) -> None:
        assert needs.missing(tmp_path / "root") is None

    def test_packages(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(needs, "program", lambda name: None if name in ("debootstrap", needs.QEMU) else "/bin/it")
        monkeypatch.setattr(needs, "KEYRING", tmp_path / "none")
        expected = "not installed: apt-get install qemu-user-static debootstrap debian-archive-keyring"
        assert needs.missing(tmp_path / "root") == expected

    @pytest.mark.parametrize(
        ("said", "why"),
        [("unshare: failed\nmount: permission denied.\n", "mount: permission denied."), ("", "exit code 32")],
    )
    def test_mounts(self, said: str, why: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        refused = SimpleNamespace(returncode=32, stderr=said)
        monkeypatch.setattr(needs.subprocess, "run", lambda *_, **__: refused)
        assert needs.missing(tmp_path / "root") == (
            f"binfmt_misc cannot be mounted in a namespace ({why}): a container needs `docker run --privileged`, "
            "or use a virtual machine"
        )

    def test_the_network_unless_a_root_is_there(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        def refuse(*_: object, **__: object) -> None:
            raise OSError("no route to host")

        monkeypatch.setattr(needs.urllib.request, "urlopen", refuse)
        assert needs.missing(tmp_path) == (
            "http://deb.debian.org/debian cannot be reached (no route to host): name a root that was built elsewhere "
            "in CNNKIT_ARM_ROOT"
        )
        (tmp_path / root.MARK).write_text(WHOLE)
        assert needs.missing(tmp_path) is None


def test_the_root_lies_where_the_variable_says(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.delenv(root.VARIABLE, raising=False)
    assert root.root_folder() == Path.home() / ".cache" / "cnnkit" / "arm64-root"
    monkeypatch.setenv(root.VARIABLE, str(tmp_path))
    assert root.root_folder() == tmp_path


@pytest.fixture
def built(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """Stands for debootstrap, and records what it was to do; it fails where the folder is called "bad"."""
    recorded: list[list[str]] = []

    def debootstrap(lines: list[str], qemu: str, variables: object, *, output) -> SimpleNamespace:
        recorded.append(lines)
        building = Path(shlex.split(lines[1])[1])
        (building / "bin").mkdir(parents=True)
        output.write("I: Retrieving\nE: Couldn't download libc6\n\n")
        return SimpleNamespace(returncode=int(building.name.startswith("bad")))

    monkeypatch.setattr(root, "run_emulated", debootstrap)
    return recorded


def test_a_root_is_built_once(built: list[list[str]], tmp_path: Path) -> None:
    folder = tmp_path / "cache" / "root"
    for _ in range(2):
        root.ensure_root(folder, "qemu")
    building = f"{folder}.building"
    assert built == [[
        "debootstrap --foreign --arch=arm64 --variant=minbase "
        f"--include=python3,ca-certificates,libgl1,libglib2.0-0 bookworm {building} http://deb.debian.org/debian",
        f"chroot {building} /debootstrap/debootstrap --second-stage",
    ]]  # fmt: skip
    assert root.is_whole(folder) and (folder / "bin").is_dir() and not Path(building).exists()


@pytest.mark.parametrize("place", ["root.building", "root"], ids=["half a root", "a root of other packages"])
def test_what_is_not_whole_is_built_anew(place: str, built: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / place).mkdir()
    (tmp_path / place / "left-over").touch()
    if place == "root":
        (tmp_path / place / root.MARK).write_text("bullseye arm64 python3\n")
    root.ensure_root(tmp_path / "root", "qemu")
    assert len(built) == 1 and root.is_whole(tmp_path / "root")
    assert not (tmp_path / "root" / "left-over").exists()


def test_another_folder_is_not_removed(built: list[list[str]], tmp_path: Path) -> None:
    (tmp_path / "precious").touch()
    with pytest.raises(EmulationError, match=f"^{tmp_path} is no root that this built: remove it, or name another"):
        root.ensure_root(tmp_path, "qemu")
    assert not built and (tmp_path / "precious").exists()


def test_nothing_is_removed_below_a_mount(built: list[list[str]], monkeypatch, tmp_path: Path) -> None:
    (tmp_path / "root.building").mkdir()
    place = tmp_path / "root.building" / "dev"
    monkeypatch.setattr(root, "mounted_below", lambda folder, _: [str(place)])
    with pytest.raises(EmulationError, match=f"^{place} is mounted and {place.parent} has to be removed: umount it"):
        root.ensure_root(tmp_path / "root", "qemu")
    assert not built


def test_mounts_below_a_folder_are_found() -> None:
    line = "36 35 98:0 / {} rw,noatime master:1 - ext3 /dev/root rw"
    text = "\n".join(map(line.format, ("/", r"/my\040root/proc", "/my", "/my rootlet")))
    assert root.mounted_below(Path("/my root"), text) == ["/my root/proc"]


def test_a_failed_build_says_why_and_is_no_root(built: list[list[str]], tmp_path: Path) -> None:
    expected = (
        f"debootstrap ended with exit code 1: E: Couldn't download libc6 \\(all of it is in {tmp_path}/bad.log\\)$"
    )
    with pytest.raises(EmulationError, match=expected):
        root.ensure_root(tmp_path / "bad", "qemu")
    assert not (tmp_path / "bad").exists() and not root.is_whole(tmp_path / "bad.building")


def test_pip_installs_wheels_for_arm_alone() -> None:
    assert packages.install_command(Path("cnnkit.whl"), Path("site")) == shlex.split(
        "pip install --quiet --platform=manylinux_2_28_aarch64 --platform=manylinux_2_27_aarch64 "
        "--platform=manylinux_2_17_aarch64 --platform=manylinux2014_aarch64 --python-version=3.11 --implementation=cp "
        "--only-binary=:all: --target site cnnkit.whl"
    )


@pytest.mark.parametrize(
    ("said", "error", "expected"),
    [
        ("WARNING: Retrying after connection broken by 'NameResolutionError'\nERROR: no numpy\n", CannotRunError,
         "pip reaches no package index, from which the ARM wheels come: ERROR: no numpy$"),
        ("ERROR: no numpy\n", EmulationError, "pip install failed: ERROR: no numpy$"),
    ],
)  # fmt: skip
def test_no_index_is_told_from_no_wheel(said: str, error: type, expected: str, monkeypatch) -> None:
    failed = SimpleNamespace(returncode=1, stdout="", stderr=said)
    monkeypatch.setattr(packages.subprocess, "run", lambda *_, **__: failed)
    with pytest.raises(EmulationError, match=f"^{expected}") as raised:
        packages.install(Path("cnnkit.whl"), Path("site"))
    assert raised.type is error


def test_the_script_says_why_it_cannot_run(monkeypatch, capsys) -> None:
    monkeypatch.setattr("emulation.machine.missing", lambda _: "a change of root needs root")
    monkeypatch.setattr("sys.argv", ["arm_root.py", "--core", "max", "true"])
    assert arm_root.main() == 1
    assert capsys.readouterr().err == "arm_root.py: a change of root needs root\n"
