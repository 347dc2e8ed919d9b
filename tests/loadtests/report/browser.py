"""A page opened in headless Chromium: what it drew, asked for and complained about."""

import html
import json
import os
import re
import shutil
import signal
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

NEEDS_CHROMIUM = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not on PATH: pages cannot be drawn"
)

_SECONDS = 60
_OPTIONS = (
    "--headless", "--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking",
    "--disable-component-update", "--disable-sync", "--disable-dev-shm-usage", "--enable-logging=stderr",
    "--host-resolver-rules=MAP * ~NOTFOUND", "--virtual-time-budget=8000", "--window-size=1400,2900",
    "--dump-dom",
)  # fmt: skip


@dataclass(frozen=True)
class Opened:
    """`dom` is the document after its scripts ran; `requests` what the page asked the network for."""

    dom: str
    requests: list[str]
    complaints: list[str]

    def chart(self, chart_id: str) -> str:
        """The chart's part of the document."""
        start = self.dom.index(f'<div class="plot js-plotly-plot" id="{chart_id}"')
        return self.dom[start : self.dom.index("<figcaption>", start)]

    def legend(self, chart_id: str) -> list[str]:
        """The names in the chart's legend."""
        return _unescaped(
            re.findall(r'class="legendtext"[^>]*data-unformatted="([^"]*)"', self.chart(chart_id))
        )

    def labels(self, chart_id: str, axis: str) -> list[str]:
        """The labels along the chart's `x` or `y` axis."""
        found = re.findall(
            rf'<g class="{axis}tick"><text[^>]*data-unformatted="([^"]*)"', self.chart(chart_id)
        )
        return _unescaped(found)

    def bar_widths(self, chart_id: str) -> list[float]:
        """Widths of the chart's horizontal bars in pixels, in drawing order."""
        found = re.findall(r'class="point"><path d="M0,[\d.]+V[\d.]+H([\d.]+)', self.chart(chart_id))
        return [float(width) for width in found]

    def line_values(self, chart_id: str, line: int) -> list[float]:
        """The corners of the chart's `line`th line, in the units of its y axis, which starts at 0."""
        chart = self.chart(chart_id)
        path = re.findall(r'<path class="js-line" d="(M[^"]*)"', chart)[line]
        heights = [float(y) for y in re.findall(r"[ML][\d.]+,([\d.]+)", path)]
        floor = re.search(r'class="plotclip"><rect width="[\d.]+" height="([\d.]+)"', chart)
        assert floor is not None
        return [(float(floor[1]) - height) * _units_per_pixel(chart) for height in heights]


def open_in_chromium(page: Path, profile: Path) -> Opened:
    """Open `page` with a fresh profile in the folder `profile`, let its scripts run, and close it."""
    net_log = profile / "net.json"
    command = ["chromium", *_OPTIONS, f"--user-data-dir={profile}", f"--log-net-log={net_log}", page.as_uri()]
    browser = subprocess.Popen(
        command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, start_new_session=True
    )
    try:
        dom, said = browser.communicate(timeout=_SECONDS)
    finally:
        _end(browser)
    complaints = [line for line in said.splitlines() if ":CONSOLE" in line]
    return Opened(dom, _requests_of_pages(net_log), complaints)


def _end(browser: subprocess.Popen[str]) -> None:
    try:
        os.killpg(browser.pid, signal.SIGKILL)
    except ProcessLookupError:
        return
    browser.wait()


def _requests_of_pages(net_log: Path) -> list[str]:
    """What pages opened from disk asked for; Chromium's own calls home, which go nowhere here, left out."""
    events = (event.get("params", {}) for event in json.loads(net_log.read_text())["events"])
    return [
        event["url"]
        for event in events
        if "file://" in event.get("network_isolation_key", "") and event["url"].startswith(("http", "ws"))
    ]


def _units_per_pixel(chart: str) -> float:
    ticks = re.findall(
        r'<g class="ytick"><text[^>]*data-unformatted="([\d.]+)"[^>]*translate\(0,([\d.]+)\)', chart
    )
    (low, low_y), (high, high_y) = ticks[0], ticks[-1]
    return (float(high) - float(low)) / (float(low_y) - float(high_y))


def _unescaped(found: list[str]) -> list[str]:
    return [html.unescape(text).replace("\N{NO-BREAK SPACE}", " ") for text in found]
