"""Where a bench run goes: stdout or a file, in one of four formats."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Literal

from cnnkit.bench.report.csv_text import csv_report
from cnnkit.bench.report.json_text import json_report
from cnnkit.bench.report.markdown_text import markdown_report
from cnnkit.bench.report.table import plain_report, print_session
from cnnkit.bench.session import Session
from cnnkit.errors import OutputError, printable
from cnnkit.system import log, print_data, write_text

Format = Literal["table", "json", "markdown", "csv"]


_REPORTS: dict[Format, Callable[[Session], str]] = {
    "table": plain_report,
    "json": json_report,
    "markdown": markdown_report,
    "csv": csv_report,
}


def report_session(
    session: Session, style: Format, output: Path | None, page: Path | None = None, images: Path | None = None
) -> None:
    """Writes a run to a file, or to stdout when there is none.

    Args:
        session: The run.
        style: The format.
        output: The file.
        page: A file for a page for a browser, too.
        images: The data folder, for the page's pictures.

    Raises:
        OutputError: The file cannot be written.
    """
    if style == "table" and output is None:
        print_session(session)
    elif output is None:
        print_data(_clean(_REPORTS[style](session), style), is_json=style == "json")
    else:
        _write(output, _clean(_REPORTS[style](session), style))
    if page is not None:
        from cnnkit.bench.report.page import html_report

        write_text(page, _as_utf8(html_report(session, images)))
        log.info("wrote %s", page)


def _clean(text: str, style: Format) -> str:
    """Escapes what a report of another machine could do to a reader's terminal; what programs read keeps its values."""
    return printable(text, lines=True) if style in ("table", "markdown") else _as_utf8(text)


def _as_utf8(text: str) -> str:
    """Escapes what UTF-8 cannot hold: parts of file names that are no text."""
    return text.encode("utf-8", "backslashreplace").decode()


def _write(output: Path, text: str) -> None:
    """Writes the report to its file, or where that fails to stdout: measuring took minutes."""
    try:
        write_text(output, text)
    except OutputError:
        print_data(text, is_json=text.startswith("{"))
        raise
    log.info("wrote %s", output)
