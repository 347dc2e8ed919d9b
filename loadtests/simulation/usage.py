"""How busy the parts of a simulated chain were."""

from loadtests.results.usage import Usage
from loadtests.simulation.forecast import Forecast
from loadtests.simulation.settings import ChainModel


def usage_of(model: ChainModel, forecast: Forecast, seconds: float) -> Usage:
    """The usage of a simulation in which so many seconds count; None where a part has no limit."""
    ra, capacity, seconds = model.ra, model.capacity, seconds or 1.0
    workers = ra.workers.count * model.ra_nodes if ra.workers.blocking else 0
    places = ra.pool_places * model.ra_nodes
    threads = capacity.workers * model.ca_nodes
    return Usage(
        ra_workers=forecast.ra_busy_seconds / seconds / workers if workers else None,
        ra_pool=forecast.ra_pool_busy_seconds / seconds / places if places else None,
        ca_threads=forecast.ca_busy_seconds / seconds / threads if threads else None,
        ca_signing=forecast.signer_busy_seconds / seconds / model.ca_nodes if capacity.signing else None,
        ra_cpu=forecast.ra_cpu_busy_seconds / seconds if model.overheads.ra_cpu_seconds else None,
        ra_front_cpu=(
            forecast.ra_front_busy_seconds / seconds
            if ra.front == "nginx" and model.overheads.ra_front_cpu_seconds
            else None
        ),
    )
