"""The report: one page that draws a run, self-contained, from its table, its summary and its logs."""

from loadtests.report.evidence import gather
from loadtests.report.page import write_report

__all__ = ["gather", "write_report"]
