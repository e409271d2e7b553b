from __future__ import annotations

import importlib
import subprocess
import sys
from pathlib import Path
from types import ModuleType

import pytest
from image_files import encode, photo

from cnnkit.errors import CnnkitError
from cnnkit.system import importing
from cnnkit.system.opencv import import_cv2
from cnnkit.system.packages import Package


@pytest.fixture(autouse=True)
def fresh_import() -> None:
    import_cv2.cache_clear()


def failing_import(monkeypatch: pytest.MonkeyPatch, error: ImportError) -> str:
    def fail(name: str) -> ModuleType:
        if name == "cv2":
            raise error
        return sys.modules[name]

    monkeypatch.setattr(importing.importlib, "import_module", fail)
    monkeypatch.setattr(importing, "_broken", {})
    monkeypatch.setattr(importing, "_whole", {})
    with pytest.raises(CnnkitError) as caught:
        import_cv2()
    assert "\n" not in str(caught.value)
    return str(caught.value)


@pytest.mark.parametrize("library", ["libGL.so.1", "libgthread-2.0.so.0", "libSM.so.6"])
def test_a_missing_system_library_is_named_with_what_brings_it(monkeypatch: pytest.MonkeyPatch, library: str) -> None:
    text = f"{library}: cannot open shared object file: No such file or directory"
    assert failing_import(monkeypatch, ImportError(text)).endswith(
        f" is installed and cannot be imported ({text}), expected that system library: apt install libgl1 "
        "libglib2.0-0, or, where no window is wanted, pip uninstall opencv-python and "
        "pip install opencv-python-headless"
    )


def test_opencv_that_is_not_installed(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Package, "installed", lambda self: None)
    error = ModuleNotFoundError("No module named 'cv2'", name="cv2")
    assert failing_import(monkeypatch, error) == (
        "OpenCV is not installed: pip install opencv-python, or opencv-python-headless where no window is wanted"
    )


def test_opencv_that_is_broken(monkeypatch: pytest.MonkeyPatch) -> None:
    assert failing_import(monkeypatch, ImportError("numpy._core.multiarray failed to import")).endswith(
        "(numpy._core.multiarray failed to import), expected a whole installation: "
        "pip install --force-reinstall opencv-python"
    )


def test_an_image_cannot_be_read_without_it(tmp_path: Path) -> None:
    (tmp_path / "cv2.py").write_text("raise ImportError('libGL.so.1: cannot open shared object file')")
    (tmp_path / "photo.png").write_bytes(encode(photo(), "PNG"))
    code = """if True:
        import sys
        sys.path.insert(0, "")
        from cnnkit.errors import CnnkitError, ImageError
        from cnnkit.images import read_image
        try:
            read_image("photo.png")
        except ImageError:
            print("taken for the image's fault")
        except CnnkitError as error:
            print(error)
    """
    done = subprocess.run([sys.executable, "-c", code], cwd=tmp_path, capture_output=True, text=True, check=True)
    assert "(libGL.so.1: cannot open shared object file), expected that system library: apt install" in done.stdout


@pytest.mark.parametrize("asked", [True, False])
def test_the_log_is_silent_unless_asked_for(monkeypatch: pytest.MonkeyPatch, asked: bool) -> None:
    cv2 = importlib.import_module("cv2")
    levels: list[int] = []
    monkeypatch.setattr(cv2, "setLogLevel", levels.append, raising=False)
    if asked:
        monkeypatch.setenv("OPENCV_LOG_LEVEL", "INFO")
    else:
        monkeypatch.delenv("OPENCV_LOG_LEVEL", raising=False)
    assert import_cv2() is cv2
    assert levels == ([] if asked else [0])
