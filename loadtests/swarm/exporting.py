"""`/metrics` of a Locust run: what this process, or all workers of this master, have counted.

    worker                                      master
    counts; report_to_master adds its bytes --> worker_report keeps the newest of each worker
                                                a scrape adds them up

What a worker that was lost had reported is kept, so counters never go back; what it did after that is read
from its journal, if it has left one on this machine.
"""

import contextlib
import functools
import logging
import sys
from dataclasses import dataclass, field
from typing import cast
from wsgiref.types import WSGIApplication

import gevent  # type: ignore[import-untyped]
import msgspec
from locust.env import Environment
from locust.runners import STATE_MISSING, MasterRunner, WorkerRunner
from prometheus_client import CollectorRegistry
from prometheus_client.process_collector import ProcessCollector

from chaos.hooks import EVENTS as FAULT_EVENTS
from chaos.hooks import add_event
from chaos.striking import FaultMetrics, Note
from exporters.endpoint import metrics_endpoint
from exporters.load.collector import LoadCollector, Reporting, RunFacts
from exporters.load.native import with_native
from exporters.load.tally import Snapshot, decode
from exporters.scrapes import Scrapes
from exporters.targets import listed
from exporters.web_config import WebConfigError, read_web_config
from loadtests.errors import ScenarioError
from loadtests.swarm.last_words import with_last_words
from loadtests.swarm.locust_run import BAD_USAGE
from loadtests.swarm.metering import Meter
from loadtests.swarm.metrics_options import MetricsOptions, read_metrics_options
from loadtests.swarm.options import LoadOptions

JOB = "estorm-load"
_ATTRIBUTE = "estorm_exporting"
_KEY = "estorm"


@dataclass(slots=True)
class Exporting:
    """One process's part in showing metrics. The meter comes with the first run, which has the timers."""

    environment: Environment
    options: MetricsOptions | None = None
    meter: Meter | None = None
    reported: dict[str, Snapshot] = field(default_factory=dict)
    _assigned: dict[str, LoadOptions] = field(default_factory=dict)
    _mourned: set[str] = field(default_factory=set)

    def meter_of(self, options: LoadOptions) -> Meter:
        """The meter of this process."""
        if self.meter is None:
            self.meter = Meter(options.timers, options.rules.operation.value)
        return self.meter

    def report(self, client_id: str, data: dict[str, object]) -> None:  # noqa: ARG002 - Locust's names
        """Locust is about to report to the master."""
        if self.meter:
            data[_KEY] = self.meter.snapshot().encode()

    def take(self, client_id: str, data: dict[str, object]) -> None:
        """A worker has reported."""
        if isinstance(encoded := data.get(_KEY), bytes):
            try:
                self.reported[client_id] = decode(encoded)
                self._mourned.discard(client_id)
            except msgspec.DecodeError as error:
                logging.getLogger(__name__).warning("worker %s reports nonsense: %s", client_id, error)

    def assign(self, client_id: str, number: int, phones: int, options: LoadOptions) -> None:
        """A worker is to drive so many phones: theirs are lost if it is before it ever reports."""
        self._assigned[client_id] = options
        if client_id not in self.reported:
            meter = Meter(options.timers, options.rules.operation.value, cpu=lambda: 0.0)
            meter.begin(number, phones, lambda: None)
            self.reported[client_id] = meter.snapshot()

    def reports(self) -> list[Reporting]:
        """The newest snapshot of each process."""
        if self.meter:
            return [Reporting(self.meter.snapshot())]
        return [self._reporting(client_id) for client_id in self.reported]

    def _reporting(self, client_id: str) -> Reporting:
        lost = not self.reported[client_id].ended and self._is_lost(client_id)
        if lost and client_id not in self._mourned and client_id in self._assigned:
            self._mourned.add(client_id)
            self.reported[client_id] = with_last_words(self.reported[client_id], self._assigned[client_id])
        return Reporting(self.reported[client_id], lost)

    def _is_lost(self, client_id: str) -> bool:
        runner = self.environment.runner
        if not isinstance(runner, MasterRunner):
            return False
        client = runner.clients.get(client_id)
        return client is None or client.state == STATE_MISSING

    def run_facts(self) -> RunFacts:
        """Which run this is."""
        seed = getattr(self.environment.parsed_options, "phones_seed", 0)
        assert self.options is not None
        return RunFacts(self.options.run_id, seed, self.options.scenario, self.environment.host or "")


def exporting_of(environment: Environment) -> Exporting | None:
    """This process's part in showing metrics; None where none are shown."""
    return cast("Exporting | None", getattr(environment, _ATTRIBUTE, None))


def meter_of(environment: Environment, options: LoadOptions) -> Meter | None:
    """The meter of this process; None where no metrics are shown."""
    exporting = exporting_of(environment)
    # A worker has this option from its master, when a test starts.
    shown = getattr(environment.parsed_options, "metrics_listen", "")
    return exporting.meter_of(options) if exporting and shown else None


def set_up(environment: Environment) -> None:
    """Show metrics if the options say so; exits with 2 and one line when that cannot be."""
    assert environment.parsed_options is not None
    exporting = Exporting(environment)
    if isinstance(environment.runner, WorkerRunner):
        setattr(environment, _ATTRIBUTE, exporting)
        environment.events.report_to_master.add_listener(exporting.report)  # type: ignore[no-untyped-call]
        return
    try:
        options = read_metrics_options(environment.parsed_options)
        if options:
            exporting.options = options
            setattr(environment, _ATTRIBUTE, exporting)
            environment.events.worker_report.add_listener(exporting.take)  # type: ignore[no-untyped-call]
            _serve(exporting, options)
    except ScenarioError as error:
        sys.stderr.write(f"estorm: {error}\n")
        sys.exit(BAD_USAGE)


def _serve(exporting: Exporting, options: MetricsOptions) -> None:
    environment = exporting.environment
    registry, others = CollectorRegistry(), CollectorRegistry()
    load = LoadCollector(exporting.reports, exporting.run_facts)
    ProcessCollector(registry=others)
    others.register(_faults(environment))
    registry.register(others)
    registry.register(load)
    scrapes, owned = Scrapes(), contextlib.ExitStack()

    def wrap(application: WSGIApplication) -> WSGIApplication:
        return scrapes.watched(with_native(application, load, others))

    try:
        web = read_web_config(options.web_config) if options.web_config else None
        endpoint = metrics_endpoint(registry, options.listen.host, options.listen.port, wrap=wrap, web=web)
        url = owned.enter_context(endpoint)
        if options.targets:
            owned.enter_context(listed(options.targets, {JOB: url}, {"run": options.run_id}))
    except WebConfigError as error:
        raise ScenarioError(f"--metrics-web-config: {error}") from error
    except OSError as error:
        owned.close()
        raise ScenarioError(f"--metrics-listen {options.listen}: {error.strerror or error}") from error
    logging.getLogger(__name__).info("metrics: %s", url)
    environment.events.quit.add_listener(functools.partial(_end, scrapes, owned))  # type: ignore[no-untyped-call]


def _end(scrapes: Scrapes, owned: contextlib.ExitStack, **_: object) -> None:
    """Let whoever scrapes have the last numbers, then stop."""
    scrapes.see_last(gevent.sleep)
    owned.close()


def _faults(environment: Environment) -> FaultMetrics:
    """What the schedule of faults, if one is attached, says of itself."""
    metrics = FaultMetrics()

    def take(note: Note, **_: object) -> None:
        metrics.take(note)

    for name in FAULT_EVENTS:
        add_event(environment, name)
        getattr(environment.events, name).add_listener(take)
    return metrics
