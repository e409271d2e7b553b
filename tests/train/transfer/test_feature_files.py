"""Features kept while the first stage runs."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from cnnkit.train.transfer import FeatureFiles


@pytest.mark.parametrize("size", [0, 60, 300])
def test_damaged_features_are_computed_anew(tmp_path: Path, caplog: pytest.LogCaptureFixture, size: int) -> None:
    wanted, files = np.ones((10, 8), np.float32), FeatureFiles(tmp_path)
    assert np.array_equal(files.get("train", lambda: wanted), wanted)
    kept = tmp_path / "features" / "train.npy"
    kept.write_bytes(kept.read_bytes()[:size])
    assert np.array_equal(files.get("train", lambda: wanted + 1), wanted + 1)
    assert "train.npy is damaged" in caplog.text
    assert np.array_equal(files.get("train", lambda: wanted), wanted + 1)
