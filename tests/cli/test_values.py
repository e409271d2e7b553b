from __future__ import annotations

import pytest
from click.testing import CliRunner

from cnnkit.cli import main


@pytest.mark.parametrize(
    "arguments",
    [
        ("predict", "a.jpg", "--min-confidence", "nan"),
        ("quantize", "a.onnx", "--max-drop", "nan"),
        ("webcam", "--smooth", "inf"),
        ("bench", "--fps", "nan"),
    ],
    ids=lambda arguments: arguments[0],
)
def test_no_number_of_a_range_is_endless_or_none(arguments):
    result = CliRunner().invoke(main, arguments)
    assert result.exit_code == 2 and "is no finite number" in result.stderr
