"""Results for people and machines: tables, JSON, CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from cnnkit.system import hand_on

if TYPE_CHECKING:
    from cnnkit.report.columns import Columns as Columns, csv_lines as csv_lines
    from cnnkit.report.json_output import from_fields as from_fields, print_json as print_json, to_json as to_json
    from cnnkit.report.layer_table import print_layers as print_layers
    from cnnkit.report.model_facts import print_model_facts as print_model_facts
    from cnnkit.report.output_file import OutputFile as OutputFile
    from cnnkit.report.parquet import encodable as encodable, parquet_schema as parquet_schema
    from cnnkit.report.predictions import STDOUT as STDOUT, ReportOptions as ReportOptions, open_report as open_report
    from cnnkit.report.resuming import BegunFile as BegunFile, open_begun as open_begun
    from cnnkit.report.row_writers import RowWriter as RowWriter
    from cnnkit.report.rows import PredictionRow as PredictionRow, input_name as input_name, printable as printable
    from cnnkit.report.tables import (
        NOTHING as NOTHING,
        percent as percent,
        plain_table as plain_table,
        print_table as print_table,
    )
    from cnnkit.report.verification import print_verification as print_verification
else:
    __getattr__ = hand_on(
        __name__,
        {
            "columns": ("Columns", "csv_lines"),
            "json_output": ("from_fields", "print_json", "to_json"),
            "layer_table": ("print_layers",),
            "model_facts": ("print_model_facts",),
            "output_file": ("OutputFile",),
            "parquet": ("encodable", "parquet_schema"),
            "predictions": ("STDOUT", "ReportOptions", "open_report"),
            "resuming": ("BegunFile", "open_begun"),
            "row_writers": ("RowWriter",),
            "rows": ("PredictionRow", "input_name", "printable"),
            "tables": ("NOTHING", "percent", "plain_table", "print_table"),
            "verification": ("print_verification",),
        },
    )
