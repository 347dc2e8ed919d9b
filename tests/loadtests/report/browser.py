"""A page opened in headless Chromium: what it drew, asked for and complained about."""

import base64
import html
import io
import json
import os
import re
import shutil
import signal
import subprocess
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import pytest
from PIL import Image

NEEDS_CHROMIUM = pytest.mark.skipif(
    shutil.which("chromium") is None, reason="chromium is not on PATH: pages cannot be drawn"
)

_SECONDS = 110
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

    def points(self, chart_id: str, line: int) -> list[tuple[float, float]]:
        """The corners of the chart's `line`th line, in the units of its axes."""
        chart = self.chart(chart_id)
        path = re.findall(r'<path class="js-line" d="(M[^"]*)"', chart)[line]
        left, top = _origin(chart)
        return [(_value(chart, "x", x + left), _value(chart, "y", y + top)) for x, y in _corners(path)]

    def line_values(self, chart_id: str, line: int) -> list[float]:
        """The heights of the corners of the chart's `line`th line, in the units of its y axis."""
        return [y for _, y in self.points(chart_id, line)]

    def height_at(self, chart_id: str, line: int, x: float) -> float:
        """Where the chart's `line`th line runs at `x`."""
        points = self.points(chart_id, line)
        for (x0, y0), (x1, y1) in pairwise(points):
            if x0 <= x <= x1:
                return y0 if x1 == x0 else y0 + (y1 - y0) * (x - x0) / (x1 - x0)
        raise AssertionError(f"line {line} of {chart_id} is not drawn at {x}: {points}")

    def shades(self, chart_id: str) -> list[tuple[float, float]]:
        """Begin and end of each shaded time, in the units of the x axis."""
        chart = self.chart(chart_id)
        found = re.findall(r'<path data-index="\d+"[^>]* d="M([\d.]+),[\d.]+H([\d.]+)V', chart)
        return [(_value(chart, "x", float(begin)), _value(chart, "x", float(end))) for begin, end in found]

    def bar_heights(self, chart_id: str, trace: int) -> list[float]:
        """Heights of the upright bars of one trace, in the units of the y axis."""
        chart = self.chart(chart_id)
        bars = re.split(r'<g class="trace bars"', chart)[trace + 1]
        _, top = _origin(chart)
        found = re.findall(r'class="point"><path d="M[\d.]+,([\d.]+)V([\d.]+)H', bars)
        return [
            _value(chart, "y", float(y) + top) - _value(chart, "y", float(floor) + top) for floor, y in found
        ]

    def darkness(self, chart_id: str, x: float, row: str) -> float:
        """How dark the heatmap is at `x` in the row of that label: 0 where nothing is drawn, 1 at most."""
        chart = self.chart(chart_id)
        image = re.search(r'<image [^>]*href="data:image/png;base64,([^"]*)"', chart)
        assert image is not None
        picture = Image.open(io.BytesIO(base64.b64decode(image[1]))).convert("RGBA")
        left, top = _origin(chart)
        places = dict(_ticks(chart, "y"))
        pixel = picture.getpixel((round(_place(chart, "x", x) - left), round(places[row] - top)))
        assert isinstance(pixel, tuple)
        return float(pixel[3]) / 255


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


def _corners(path: str) -> Iterator[tuple[float, float]]:
    """The corners of an SVG path of absolute M, L, H and V."""
    x = y = 0.0
    for command, numbers in re.findall(r"([MLHV])([^MLHVZ]*)", path):
        for first, second in re.findall(r"(-?[\d.]+)(?:,(-?[\d.]+))?", numbers):
            x = float(first) if command != "V" else x
            y = float(first) if command == "V" else float(second) if second else y
            yield x, y


def _origin(chart: str) -> tuple[float, float]:
    """Where the chart's plot begins, in pixels from the left and from the top."""
    found = re.search(r'<g class="xy" transform="translate\(([\d.]+),([\d.]+)\)"', chart)
    assert found is not None
    return float(found[1]), float(found[2])


def _ticks(chart: str, axis: str) -> list[tuple[str, float]]:
    """The labels along an axis, and their places in pixels."""
    place = r"([\d.]+),0" if axis == "x" else r"0,([\d.]+)"
    found = re.findall(
        rf'<g class="{axis}tick"><text[^>]*data-unformatted="([^"]*)"[^>]*translate\({place}\)', chart
    )
    return [(_unescaped([label])[0].strip(), float(at)) for label, at in found]


def _scale(chart: str, axis: str) -> tuple[float, float, float]:
    """An axis of numbers: the value of its first label, that label's place, and units for each pixel."""
    ticks = [(_number(label), place) for label, place in _ticks(chart, axis)]
    (low, low_at), (high, high_at) = ticks[0], ticks[-1]
    return low, low_at, (high - low) / (high_at - low_at)


def _number(label: str) -> float:
    """A label of an axis: `2.5`, `50%`, and `20m`, which is 0.02."""
    if label.endswith("%"):
        return float(label[:-1]) / 100
    return float(label[:-1]) / 1000 if label.endswith("m") else float(label)


def _value(chart: str, axis: str, pixels: float) -> float:
    low, low_at, units = _scale(chart, axis)
    return low + (pixels - low_at) * units


def _place(chart: str, axis: str, value: float) -> float:
    low, low_at, units = _scale(chart, axis)
    return low_at + (value - low) / units


def _unescaped(found: list[str]) -> list[str]:
    return [html.unescape(text).replace("\N{NO-BREAK SPACE}", " ") for text in found]
