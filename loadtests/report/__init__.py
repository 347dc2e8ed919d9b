"""The report: one page that draws a run, self-contained, from its table and summary."""

from loadtests.report.page import write_report

__all__ = ["write_report"]
