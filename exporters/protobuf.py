"""Prometheus' protobuf exposition, the only one in which its server takes native histograms.

`application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited`: messages of
io.prometheus.client (metrics.proto), each after its length. Of that schema only what our metrics are made of
is written: labels, counters, gauges, histograms with fixed and native buckets. prometheus-client has no such
encoder; the wire format is protobuf's own, version 3.
"""

import struct
from collections.abc import Iterable, Iterator, Sequence

from prometheus_client import Metric
from prometheus_client.samples import NativeHistogram, Sample

CONTENT_TYPE = "application/vnd.google.protobuf; proto=io.prometheus.client.MetricFamily; encoding=delimited"
_COUNTER, _GAUGE, _UNTYPED, _HISTOGRAM = 0, 1, 3, 4
_TYPES = {"counter": _COUNTER, "gauge": _GAUGE, "info": _GAUGE, "histogram": _HISTOGRAM}
_SUFFIXES = {"counter": "_total", "info": "_info"}
_VARINT, _FIXED64, _LENGTH = 0, 1, 2
Labels = tuple[tuple[str, str], ...]


def wanted(accept: str) -> bool:
    """Whether a scraper prefers protobuf, as a Prometheus does that wants native histograms."""
    first = accept.split(",", maxsplit=1)[0]
    return "application/vnd.google.protobuf" in first and "encoding=delimited" in first


def exposition(metrics: Iterable[Metric]) -> bytes:
    """The metrics, one delimited message a family."""
    return b"".join(_delimited(_family(metric)) for metric in metrics)


def _family(metric: Metric) -> bytes:
    kind = _TYPES.get(metric.type, _UNTYPED)
    body = _text(1, metric.name + _SUFFIXES.get(metric.type, "")) + _text(2, metric.documentation)
    body += _number(3, kind)
    if kind == _HISTOGRAM:
        return body + b"".join(_message(4, each) for each in _histograms(metric))
    field = {_COUNTER: 3, _GAUGE: 2, _UNTYPED: 5}[kind]
    samples = (sample for sample in metric.samples if not sample.name.endswith("_created"))
    return body + b"".join(
        _message(4, _labels(tuple(sample.labels.items())) + _message(field, _double(1, sample.value)))
        for sample in samples
    )


def _histograms(metric: Metric) -> Iterator[bytes]:
    """One message for each set of labels: its buckets, sum and count, and the native ones if it has them."""
    grouped: dict[Labels, list[Sample]] = {}
    for sample in metric.samples:
        labels = tuple((name, value) for name, value in sample.labels.items() if name != "le")
        grouped.setdefault(labels, []).append(sample)
    for labels, samples in grouped.items():
        yield _labels(labels) + _message(7, b"".join(_histogram(metric.name, samples)))


def _histogram(name: str, samples: Sequence[Sample]) -> Iterator[bytes]:
    for sample in samples:
        if sample.native_histogram is not None:
            yield from _native(sample.native_histogram)
        elif sample.name == f"{name}_bucket":
            yield _message(3, _number(1, int(sample.value)) + _double(2, float(sample.labels["le"])))
        elif sample.name == f"{name}_count":
            yield _number(1, int(sample.value))
        elif sample.name == f"{name}_sum":
            yield _double(2, sample.value)


def _native(native: NativeHistogram) -> Iterator[bytes]:
    yield _number(5, _zigzag(native.schema))
    yield _double(6, native.zero_threshold)
    yield _number(7, int(native.zero_count))
    for span in native.pos_spans or ():
        yield _message(12, _number(1, _zigzag(span.offset)) + _number(2, span.length))
    if native.pos_deltas:
        packed = b"".join(_varint(_zigzag(delta)) for delta in native.pos_deltas)
        yield _message(13, packed)


def _labels(labels: Labels) -> bytes:
    return b"".join(_message(1, _text(1, name) + _text(2, value)) for name, value in labels)


def _text(field: int, value: str) -> bytes:
    return _message(field, value.encode("utf-8", "replace"))


def _message(field: int, body: bytes) -> bytes:
    return _varint(field << 3 | _LENGTH) + _delimited(body)


def _double(field: int, value: float) -> bytes:
    return _varint(field << 3 | _FIXED64) + struct.pack("<d", value)


def _number(field: int, value: int) -> bytes:
    return _varint(field << 3 | _VARINT) + _varint(value)


def _delimited(body: bytes) -> bytes:
    return _varint(len(body)) + body


def _zigzag(value: int) -> int:
    return value << 1 if value >= 0 else (-value << 1) - 1


def _varint(value: int) -> bytes:
    encoded = bytearray()
    while value > 0x7F:
        encoded.append(value & 0x7F | 0x80)
        value >>= 7
    encoded.append(value)
    return bytes(encoded)
