"""Where a part shows its metrics, and to whom."""

import contextlib
from collections.abc import Callable, Iterator
from pathlib import Path

from prometheus_client import CollectorRegistry

from exporters.endpoint import Health, metrics_endpoint
from exporters.web_config import WebConfigError, read_web_config
from testbed.errors import SettingsError
from testbed.listening import cannot_listen
from testbed.metrics_settings import MetricsSettings


@contextlib.contextmanager
def metrics_shown(
    settings: MetricsSettings,
    table: str,
    registry: CollectorRegistry,
    health: Callable[[], Health] | None = None,
) -> Iterator[str]:
    """Show `registry` as the settings in `table`, such as `ra.metrics`, say; gives the URL.

    SettingsError names the setting that cannot be used.
    """
    try:
        web = read_web_config(Path(settings.web_config)) if settings.web_config else None
    except WebConfigError as error:
        raise SettingsError(f"{table}.web_config: {error}") from error
    with contextlib.ExitStack() as owned:
        try:
            endpoint = metrics_endpoint(registry, settings.host, settings.port, health, web=web)
            url = owned.enter_context(endpoint)
        except OSError as error:
            why = cannot_listen(f"[{table}]", settings.host, settings.port, f"{table}.port", error)
            raise SettingsError(why) from error
        yield url
