"""Packages that are installed and cannot be imported: what is said of them, and that nothing else is."""

from __future__ import annotations

import sys
import threading
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

import pytest

from cnnkit.errors import CnnkitError
from cnnkit.system import importing
from cnnkit.system.broken import broken_imports
from cnnkit.system.importing import import_package
from cnnkit.system.packages import NUMPY, ONNXRUNTIME, OPENCV, Package, package_of

NUMPY_2 = f"it is built for NumPy 1, and this is NumPy {version('numpy')}), expected a release for NumPy 2: "
WHOLE = ", expected a whole installation: pip install --force-reinstall fake-dist"
NOISE = """\
import sys
sys.stderr.write("A module that was compiled using NumPy 1.x cannot be run in\\nNumPy 2.0.0 as it may crash.\\n")
sys.stderr.write("Traceback (most recent call last):\\nAttributeError: _ARRAY_API not found\\n")
"""
TENSORFLOW = """\
raise ImportError("Traceback (most recent call last):\\n  File x\\nImportError: libtf.so: undefined symbol"
                  "\\n\\nFailed to load the native TensorFlow runtime.\\nSee https://www.tensorflow.org")
"""
OLD_NUMPY = """\
raise ImportError("\\n\\nIMPORTANT: PLEASE READ THIS FOR ADVICE!\\n\\nFailed.\\n\\nOriginal error was: no umath\\n")
"""
CHAINED = """\
try:
    raise ImportError("numpy was lost")
except ImportError as error:
    raise SystemError("<built-in function __import__> returned a result with an exception set") from error
"""


@pytest.fixture(autouse=True)
def _nothing_broken_yet(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_broken", {})
    monkeypatch.setattr(importing, "_whole", {})


@pytest.fixture
def make_package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Callable[[str], Package]:
    """Writes a package with this code as its __init__.py, and forgets it after the test."""
    monkeypatch.syspath_prepend(str(tmp_path))

    def make(code: str, module: str = "fakepackage") -> Package:
        (tmp_path / module).mkdir()
        (tmp_path / module / "__init__.py").write_text(code, encoding="utf-8")
        monkeypatch.delitem(sys.modules, module, raising=False)
        return Package(module, "Fake", ("fake-dist",), "thing")

    yield make
    for name in [name for name in sys.modules if name.startswith("fakepackage")]:
        del sys.modules[name]


KINDS = [
    pytest.param("raise ImportError('a.b failed to import')", f"(a.b failed to import){WHOLE}", id="ImportError"),
    pytest.param("raise ImportError", f"(ImportError without a message){WHOLE}", id="no message"),
    pytest.param("raise ImportError('first\\n\\nsecond')", f"(first){WHOLE}", id="several lines"),
    pytest.param("raise ImportError('x' * 999)", f"({'x' * 200}...){WHOLE}", id="a very long line"),
    pytest.param("raise SystemError('NULL result')", f"(SystemError: NULL result){WHOLE}", id="SystemError"),
    pytest.param(CHAINED, f"(numpy was lost){WHOLE}", id="SystemError with a cause"),
    pytest.param("raise RuntimeError('no CPU')", f"(RuntimeError: no CPU){WHOLE}", id="RuntimeError"),
    pytest.param("raise AttributeError('no x')", f"(AttributeError: no x){WHOLE}", id="AttributeError"),
    pytest.param("1 / 0", f"(ZeroDivisionError: division by zero){WHOLE}", id="any error"),
    pytest.param("def", f"(SyntaxError: invalid syntax", id="for another Python"),  # noqa: F541
    pytest.param("import missing_thing", f"(No module named 'missing_thing'){WHOLE}", id="a missing dependency"),
    pytest.param("from fakepackage import core", "(cannot import name 'core' from ", id="a missing part"),
    pytest.param("", "/fakepackage/__init__.py holds no thing)" + WHOLE, id="an empty package"),
    pytest.param(
        "raise OSError('libfoo.so.1: cannot open shared object file: No such file')",
        "(libfoo.so.1: cannot open shared object file: No such file), expected that system library: install it, or "
        "pip install --force-reinstall fake-dist",
        id="a system library",
    ),
    pytest.param(
        "raise ImportError('/lib/libc.so.6: version `GLIBC_2.34\\' not found (required by x.so)')",
        "expected a newer system: update it, or pip install an older fake-dist",
        id="an old system",
    ),
    pytest.param(
        "raise ImportError('DLL load failed while importing core: The specified module could not be found.')",
        "expected its libraries and those of Microsoft Visual C++: install https://aka.ms/vs/17/release/vc_redist",
        id="Windows",
    ),
    pytest.param(NOISE + "raise ImportError", f"({NUMPY_2}pip install --upgrade fake-dist", id="onnxruntime 1.17"),
    pytest.param(NOISE + "thing = 1", f"({NUMPY_2}pip install --upgrade fake-dist", id="onnxruntime 1.16"),
    pytest.param(
        "raise ImportError('numpy.core.multiarray failed to import')", f"({NUMPY_2}", id="NumPy 1's import_array"
    ),
    pytest.param(
        "raise RuntimeError('module compiled against ABI version 0x1000009')", f"({NUMPY_2}", id="NumPy 1's ABI"
    ),
    pytest.param(
        "raise RuntimeError('module was compiled against NumPy C-API version 0x99 (NumPy 9.9) but ...')",
        f"(it is built for a newer NumPy than {version('numpy')}), expected that one: pip install --upgrade numpy",
        id="a newer NumPy",
    ),
    pytest.param(TENSORFLOW, f"(libtf.so: undefined symbol){WHOLE}", id="TensorFlow's page"),
    pytest.param(OLD_NUMPY, f"(no umath){WHOLE}", id="NumPy's page"),
]


@pytest.mark.parametrize(("code", "expected"), KINDS)
def test_one_line_names_the_cause(
    make_package: Callable[[str], Package], capfd: pytest.CaptureFixture[str], code: str, expected: str
) -> None:
    with pytest.raises(CnnkitError) as caught:
        import_package(make_package(code))
    line = str(caught.value)
    assert line.startswith("Fake is installed and cannot be imported (")
    assert expected in line and "\n" not in line
    assert capfd.readouterr() == ("", "")


def test_a_second_import_says_the_same(make_package: Callable[[str], Package]) -> None:
    """Python takes onnxruntime 1.16 for imported the second time, and the process crashes when it is used."""
    package = make_package(NOISE + "thing = 1")
    lines = []
    for _ in range(2):
        with pytest.raises(CnnkitError) as caught:
            import_package(package)
        lines.append(str(caught.value))
    assert lines[0] == lines[1]


def test_a_healthy_package_says_what_it_says(
    make_package: Callable[[str], Package], capfd: pytest.CaptureFixture[str]
) -> None:
    package = make_package("import sys; thing = 1; print('careful'); print('really', file=sys.stderr)")
    assert import_package(package).thing == 1
    assert capfd.readouterr() == ("", "careful\nreally\n")  # stdout is for results


def test_what_was_imported_is_given_again(
    make_package: Callable[[str], Package], monkeypatch: pytest.MonkeyPatch
) -> None:
    package = make_package("thing = 1")
    module = import_package(package)
    monkeypatch.setattr(importing, "redirect_stdout", None)  # what other threads print meanwhile is theirs
    assert import_package(package) is module


def test_a_package_that_is_not_there() -> None:
    with pytest.raises(CnnkitError, match=r"^Fake is not installed: pip install fake-dist$"):
        import_package(Package("fakepackage_nowhere", "Fake", ("fake-dist",), "thing"))


def test_a_distribution_without_its_module() -> None:
    """As after uninstalling one of opencv-python and opencv-python-headless, which share their folder."""
    package = Package("fakepackage_nowhere", "Fake", ("fake-dist", "numpy"), "thing")
    with pytest.raises(CnnkitError, match=r"\(its files are gone.*: pip install --force-reinstall numpy$") as caught:
        import_package(package)
    assert str(caught.value).startswith(f"Fake {version('numpy')} is installed")


def test_a_folder_that_was_left_behind(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fakepackage_rest" / "data").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CnnkitError, match=r"fakepackage_rest holds no thing\), expected a whole installation"):
        import_package(Package("fakepackage_rest", "Fake", ("fake-dist",), "thing"))


def test_a_file_of_the_same_name(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "fakepackage_script.py").write_text("", encoding="utf-8")
    monkeypatch.syspath_prepend(str(tmp_path))
    with pytest.raises(CnnkitError, match=r"fakepackage_script.py is a file of the same name\).*: rename that file$"):
        import_package(Package("fakepackage_script", "Fake", ("fake-dist",), "thing"))


def test_numpy_is_blamed_for_what_it_breaks(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(importing, "_broken", {"numpy": "NumPy is broken"})
    for package in (ONNXRUNTIME, OPENCV):
        with pytest.raises(CnnkitError, match="NumPy is broken"):
            import_package(package)


def test_any_package_that_fails_in_a_block(make_package: Callable[..., Package]) -> None:
    make_package("raise ValueError('bad tables')")
    with (
        pytest.raises(CnnkitError, match=r"^fakepackage is installed and .* \(ValueError: bad tables\)"),
        broken_imports(),
    ):
        import fakepackage  # noqa: F401


def test_the_innermost_package_is_named(make_package: Callable[..., Package]) -> None:
    make_package("import fakepackage_inner")
    make_package("raise OSError('libz.so: cannot open shared object file')", "fakepackage_inner")
    with pytest.raises(CnnkitError, match=r"^fakepackage_inner is installed"), broken_imports():
        import fakepackage  # noqa: F401


@pytest.mark.parametrize("error", [ValueError("ours"), KeyError("ours"), ImportError("ours"), CnnkitError("ours")])
def test_other_errors_pass(error: Exception) -> None:
    with pytest.raises(type(error)) as caught, broken_imports():
        raise error
    assert caught.value is error


def test_a_base_package_that_is_not_installed() -> None:
    with pytest.raises(CnnkitError, match=r"^fakepackage_nowhere is not installed: pip install"), broken_imports():
        import fakepackage_nowhere  # noqa: F401


def test_a_hollow_numpy_is_named_whatever_fails(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "numpy", type(sys)("numpy"))
    sys.modules["numpy"].__file__ = "/x/numpy.py"
    with pytest.raises(CnnkitError, match=r"^NumPy [\d.]+ is installed .*rename that file"), broken_imports():
        raise AttributeError("module 'numpy' has no attribute 'uint8'")


@pytest.mark.parametrize(("module", "distribution"), [("numpy", "numpy"), ("sklearn", "scikit-learn"), ("no", "no")])
def test_distributions(module: str, distribution: str) -> None:
    assert package_of(module).distributions[0] == distribution


def test_numpy_itself() -> None:
    assert import_package(NUMPY) is sys.modules["numpy"]


def test_threads_that_import_at_once_leave_stdout_as_it_was(make_package: Callable[[str], Package]) -> None:
    slow = make_package("import time\ntime.sleep(0.2)\nprint('hello')\nthing = 1")
    slower = make_package("import time\ntime.sleep(0.4)\nthing = 1", "fakepackage2")
    before = sys.stdout, sys.stderr
    threads = [threading.Thread(target=import_package, args=(package,)) for package in (slow, slower, slow)]
    for thread in threads:
        thread.start()
        time.sleep(0.05)
    for thread in threads:
        thread.join()
    assert (sys.stdout, sys.stderr) == before
    assert import_package(slow).thing == import_package(slower).thing == 1
