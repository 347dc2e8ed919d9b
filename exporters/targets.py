"""Files that tell Prometheus what to scrape (`file_sd_configs`), there for as long as it can be scraped."""

import contextlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from exporters.whole_file import replace_whole


class TargetGroup(msgspec.Struct, frozen=True):
    """Addresses and the labels that all their series get."""

    targets: list[str]
    labels: dict[str, str]


@contextlib.contextmanager
def listed(path: Path, urls: Mapping[str, str], labels: Mapping[str, str]) -> Iterator[None]:
    """List the `/metrics` URLs, by job, in the file at `path` while the context lasts. Raises OSError."""
    groups = [
        TargetGroup([urlsplit(url).netloc], {"job": job, "__scheme__": urlsplit(url).scheme, **labels})
        for job, url in urls.items()
    ]
    replace_whole(path, msgspec.json.format(msgspec.json.encode(groups), indent=2) + b"\n")
    try:
        yield
    finally:
        path.unlink(missing_ok=True)


def read_urls(path: Path) -> dict[str, str]:
    """The `/metrics` URLs by job, as `listed` has written them; none while there is no such file."""
    try:
        groups = msgspec.json.decode(path.read_bytes(), type=list[TargetGroup])
    except FileNotFoundError:
        return {}
    return {
        group.labels["job"]: f"{group.labels['__scheme__']}://{group.targets[0]}/metrics" for group in groups
    }
