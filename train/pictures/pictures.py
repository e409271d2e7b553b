"""Pictures drawn by matplotlib without a screen, and text that it draws as it stands."""

from __future__ import annotations

import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from cnnkit.report import printable
from cnnkit.system import whole_file

DPI = 120
# Matplotlib's own font has no Chinese, Japanese and Korean characters; what is missing is looked up in these.
_MORE_FONTS = (
    "Noto Sans CJK JP", "Noto Sans CJK SC", "Source Han Sans", "WenQuanYi Zen Hei", "Microsoft YaHei", "Hiragino Sans",
    "Arial Unicode MS",
)  # fmt: skip


@contextmanager
def open_picture(path: Path, width: float, height: float) -> Iterator[Any]:
    """Gives an empty matplotlib figure and writes it as a PNG file, whole, when the block ends well.

    Args:
        path: The file.
        width: Inches of `DPI` pixels.
        height: Inches.

    Raises:
        OutputError: The file cannot be written.
    """
    from matplotlib import rc_context
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.figure import Figure

    with rc_context({"font.family": _families()}), warnings.catch_warnings():
        warnings.filterwarnings("ignore", message="Glyph .* missing from")  # a box is drawn in its place
        figure = Figure(figsize=(width, height), layout="constrained")
        FigureCanvasAgg(figure)
        yield figure
        with whole_file(path) as temporary:
            figure.savefig(temporary, format="png", dpi=DPI)


def picture_text(text: str, longest: int = 24) -> str:
    """Returns a label as matplotlib draws it literally: dollars are no formulas, and long ones lose their middle."""
    shown = printable(text)
    if len(shown) > longest:
        half = (longest - 1) // 2
        shown = f"{shown[:half]}…{shown[-half:]}"
    return shown.replace("$", r"\$")


def _families() -> list[str]:
    from matplotlib.font_manager import fontManager

    installed = {font.name for font in fontManager.ttflist}
    return ["DejaVu Sans", *(name for name in _MORE_FONTS if name in installed)]
