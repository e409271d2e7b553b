"""A bench run drawn: table, Markdown, CSV, JSON and a page."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.bench.report.machines_text import machines_report as machines_report
    from cnnkit.bench.report.writing import Format as Format, report_session as report_session
else:
    __getattr__ = hand_on(
        __name__,
        {
            "machines_text": ("machines_report",),
            "writing": ("Format", "report_session"),
        },
    )
