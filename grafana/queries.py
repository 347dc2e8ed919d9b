"""PromQL from typed metrics: names and labels come from the exporters' own declarations."""

from exporters.families import Family, Kind

_JOB = 'job=~"$job"'
_RUN = 'run=~"$run"'
RATE = "$__rate_interval"


class UnknownLabel(ValueError):
    """A query names a label that its metric has not."""


def series(family: Family, matchers: str = "", part: str = "") -> str:
    """A selector of the chosen jobs and runs: `matchers` such as `stage="wait"`, `part` of a histogram."""
    for matcher in filter(None, matchers.split(",")):
        label = matcher.split("=")[0].rstrip("!~")
        if label not in (*family.label_names, "le"):
            raise UnknownLabel(f"{family.name} has no label {label}")
    selected = ",".join(filter(None, (_JOB, _RUN, matchers)))
    return f"{family.name}{part}{{{selected}}}"


def rate(family: Family, by: str = "", matchers: str = "") -> str:
    """What a counter, or a histogram's count, gains each second."""
    part = "_count" if family.kind is Kind.HISTOGRAM else ""
    return f"sum{_by(by)} (rate({series(family, matchers, part)}[{RATE}]))"


def gained(family: Family, by: str = "", matchers: str = "") -> str:
    """What a counter has gained over the time shown."""
    return f"sum{_by(by)} (increase({series(family, matchers)}[$__range]))"


def total(family: Family, by: str = "", matchers: str = "") -> str:
    """A gauge, summed."""
    return f"sum{_by(by)} ({series(family, matchers)})"


def quantile(share: float, family: Family, by: str = "", matchers: str = "", over: str = RATE) -> str:
    """The value that `share` of a histogram's observations did not exceed."""
    buckets = f"sum{_by(f'le, {by}' if by else 'le')} (rate({series(family, matchers, '_bucket')}[{over}]))"
    return f"histogram_quantile({share:g}, {buckets})"


def mean(family: Family, by: str = "", matchers: str = "") -> str:
    """A histogram's mean."""
    seconds = f"sum{_by(by)} (rate({series(family, matchers, '_sum')}[{RATE}]))"
    return f"{seconds} / {rate(family, by, matchers)}"


def above(family: Family, edge: str, by: str = "", matchers: str = "") -> str:
    """The share of a histogram's observations above one of its edges, over the time shown."""
    at_most = ",".join(filter(None, (matchers, f'le="{edge}"')))
    below = f"sum{_by(by)} (increase({series(family, at_most, '_bucket')}[$__range]))"
    all_of_them = f"sum{_by(by)} (increase({series(family, matchers, '_count')}[$__range]))"
    return f"1 - {below} / {all_of_them}"


def _by(labels: str) -> str:
    return f" by ({labels})" if labels else ""
