"""Networks that are named instead of read from a file."""

from __future__ import annotations

from pathlib import Path

import pytest

from cnnkit.errors import ModelError
from cnnkit.runtime import find_keras_file, keras_sha256
from cnnkit.runtime.named import is_named, network_name


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("efficientnet_lite0", "efficientnet_lite0"),
        ("efficientnet_lite2", "efficientnet_lite2"),
        ("keras-app:MobileNetV3Small", "MobileNetV3Small"),
        ("keras-app:MobileNetV3Small:random", "MobileNetV3Small"),
    ],
)
def test_names(text: str, name: str) -> None:
    assert is_named(Path(text)) and network_name(Path(text)) == name
    assert keras_sha256(Path(text)) is None


@pytest.mark.parametrize("text", ["efficientnet_lite3", "efficientnet_lite0.keras", "runs/efficientnet_lite0", ""])
def test_files(text: str) -> None:
    assert not is_named(Path(text))


def test_a_run_folder_of_that_name_is_a_run_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    folder = Path("efficientnet_lite0")
    folder.mkdir()
    with pytest.raises(ModelError, match="efficientnet_lite0"):
        find_keras_file(folder)
    (folder / "model.keras").write_bytes(b"")
    assert not is_named(folder) and find_keras_file(folder) == folder / "model.keras"
