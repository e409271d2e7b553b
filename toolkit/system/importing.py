"""Imports of packages that are installed and may be broken: one line that names the cause, and nothing printed."""

from __future__ import annotations

import importlib
import re
import sys
import threading
from contextlib import redirect_stderr, redirect_stdout
from io import StringIO
from types import ModuleType

from cnnkit.errors import CnnkitError
from cnnkit.system.packages import NUMPY, Package, Remedy, package_of

_OTHER_NUMPY = "_ARRAY_API not found"  # NumPy 2 prints it; the import may go on, and the process crash later
_NUMPY_MISFITS = rf"{_OTHER_NUMPY}|numpy\.core\.multiarray failed to import|compiled against"
_LONGEST = 200  # characters of a cause
_OURS = frozenset({"", "cnnkit", "__main__"})
_broken: dict[str, str] = {}  # module -> what is wrong: a second import may look fine, and crash the process
_whole: dict[str, ModuleType] = {}  # those that were imported without a fault
# Whoever imports has sys.stdout to itself: of two threads, one would put the other's buffer back in its place.
_importing = threading.RLock()

_REMEDIES: tuple[Remedy, ...] = (
    (r": cannot open shared object", "that system library", "install it, or pip install --force-reinstall {}"),
    (
        r"DLL load failed",
        "its libraries and those of Microsoft Visual C++",
        "install https://aka.ms/vs/17/release/vc_redist.x64.exe, then pip install --force-reinstall {}",
    ),
    (r"version `[\w.]+' not found", "a newer system", "update it, or pip install an older {}"),
    (r"^it is built for NumPy 1", "a release for NumPy 2", "pip install --upgrade {}"),
    (r"^it is built for a newer NumPy", "that one", "pip install --upgrade numpy"),
    (r"is a file of the same name", "the package", "rename that file"),
    (r"", "a whole installation", "pip install --force-reinstall {}"),
)


def import_package(package: Package) -> ModuleType:
    """Imports a package, and holds back what it prints where that fails; safe to call on several threads.

    Raises:
        CnnkitError: It is not installed, or it is and cannot be used; NumPy may be the cause.
    """
    if package is not NUMPY:
        import_package(NUMPY)
    known = _known(package)
    if known is not None:
        return known  # other threads may be printing by now
    with _importing:
        return _known(package) or _import_first(package)


def _known(package: Package) -> ModuleType | None:
    """Returns a package that was imported before; None where it was not.

    Raises:
        CnnkitError: It was, and cannot be used.
    """
    if package.module in _broken:
        raise CnnkitError(_broken[package.module])
    known = _whole.get(package.module)
    return known if known is not None and sys.modules.get(package.module) is known else None


def _import_first(package: Package) -> ModuleType:
    said = StringIO()
    try:
        with redirect_stdout(said), redirect_stderr(said):
            module = importlib.import_module(package.module)
    except Exception as error:  # whatever a package raises while it is imported
        if isinstance(error, ModuleNotFoundError) and error.name == package.module:
            raise CnnkitError(_missing(package)) from error
        raise _unusable(package, _cause(error, said.getvalue())) from error
    if _OTHER_NUMPY in said.getvalue():
        raise _unusable(package, _cause(ImportError(), said.getvalue()))
    if not hasattr(module, package.holds):
        raise _unusable(package, _not_whole(package, module))
    if said.getvalue() and sys.stderr is not None:
        sys.stderr.write(said.getvalue())
    _whole[package.module] = module
    return module


def broken_import(error: Exception) -> str | None:
    """Returns what is wrong with the package during whose import an error was raised; None where there was none.

    Args:
        error: As it was caught, with its traceback.
    """
    numpy = sys.modules.get(NUMPY.module)
    if numpy is not None and not hasattr(numpy, NUMPY.holds):  # imported by other modules without a word
        return _line(NUMPY, _not_whole(NUMPY, numpy))
    module = _module_of(error)
    if module is not None:
        return _line(package_of(module), _cause(error, ""))
    missing = (error.name or "") if isinstance(error, ModuleNotFoundError) else ""
    top = missing.partition(".")[0]
    if top in _OURS | sys.stdlib_module_names:
        return None
    return _missing(package_of(top)) if missing == top else _line(package_of(top), _cause(error, ""))


def _module_of(error: Exception) -> str | None:
    """Returns the innermost top-level module, not of cnnkit or Python, whose code was running as it was imported."""
    found = None
    step = error.__traceback__
    while step is not None:
        name = str(step.tb_frame.f_globals.get("__name__", "")).partition(".")[0]
        if step.tb_frame.f_code.co_name == "<module>" and name not in _OURS | sys.stdlib_module_names:
            found = name
        step = step.tb_next
    return found


def _unusable(package: Package, cause: str) -> CnnkitError:
    _broken[package.module] = _line(package, cause)
    return CnnkitError(_broken[package.module])


def _missing(package: Package) -> str:
    if package.installed() is not None:  # two distributions of one module, of which the other one was uninstalled
        return _line(package, f"its files are gone, there is no module {package.module}")
    return f"{package.name} is not installed: {package.missing or f'pip install {package.distributions[0]}'}"


def _line(package: Package, cause: str) -> str:
    distribution, version = package.installed() or (package.distributions[0], "")
    known = (*package.remedies, *_REMEDIES)
    expected, remedy = next(words for pattern, *words in known if re.search(pattern, cause))
    what = f"{package.name} {version}".rstrip()
    return f"{what} is installed and cannot be imported ({cause}), expected {expected}: {remedy.format(distribution)}"


def _cause(error: BaseException, said: str) -> str:
    """Returns in one line why an import failed.

    Args:
        error: What it raised.
        said: What was printed meanwhile.
    """
    while error.__cause__ is not None:  # what a package says about it may be a page, or nothing
        error = error.__cause__
    lines = [line.strip() for text in (said, str(error)) for line in text.splitlines() if line.strip()]
    if not lines:
        return f"{type(error).__name__} without a message"
    numpy = _misfit(" ".join(lines))
    if numpy is not None:
        return numpy
    text = _gist(str(error)) or lines[-1]
    if str(error).strip() and not isinstance(error, ImportError | OSError):
        text = f"{type(error).__name__}: {text}"
    return text if len(text) <= _LONGEST else text[:_LONGEST].rstrip() + "..."


def _gist(message: str) -> str:
    """Returns the line of a message that says why: of a page with another error in it, as NumPy's, that error."""
    inner = re.findall(r"^(?:Original error was|[\w.]+(?:Error|Exception)): *(\S.*)", message, re.MULTILINE)
    return inner[-1].strip() if inner else message.strip().partition("\n")[0].strip()


def _misfit(text: str) -> str | None:
    """Returns how a compiled package and the installed NumPy differ; None where that is not what the text says."""
    installed = NUMPY.installed()
    if installed is None or not re.search(_NUMPY_MISFITS, text):
        return None
    version = installed[1]
    if int(version.partition(".")[0]) >= 2 and "C-API version" not in text:
        return f"it is built for NumPy 1, and this is NumPy {version}"
    return f"it is built for a newer NumPy than {version}"


def _not_whole(package: Package, module: ModuleType) -> str:
    if not hasattr(module, "__path__"):
        return f"{module.__file__} is a file of the same name"
    place = module.__file__ or next(iter(module.__path__), package.module)
    return f"{place} holds no {package.holds}"
