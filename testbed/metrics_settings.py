"""The table in which a part's settings say where its metrics are shown."""

from testbed.bounds import Name, Port, Settings


class MetricsSettings(Settings, frozen=True):
    """Where `/metrics` listens; port 0 is any free one.

    `web_config` is a file as Prometheus' own exporters take it: TLS, and who may look; empty: plain HTTP for
    everybody who can reach it. What is said here counts from the part's start to its end.
    """

    host: Name = "127.0.0.1"
    port: Port = 0
    web_config: str = ""
