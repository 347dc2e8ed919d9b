"""What the supervisor of a storm alone can tell: it sees what the CA issued and what phones took."""

from prometheus_client import CollectorRegistry

from exporters.families import Family, Group, Kind

ORPHANS = Family(
    "estorm_orphans", Kind.GAUGE,
    "Certificates issued in this run that no phone took: each for longer than a phone waits.",
    "as a certificate is left over; back when the RA hands it out late",
)  # fmt: skip
IN_DELIVERY = Family(
    "estorm_certificates_in_delivery", Kind.GAUGE,
    "Certificates issued in this run that a phone may still take. With the orphans and what phones took they "
    "are all that was issued.",
    "as certificates are issued and taken",
)  # fmt: skip

GROUP = Group(
    "estorm-storm",
    "The supervisor of `estorm storm`, which compares the CA's database with the phones' certificates once a "
    "second; where there is no database (a user's server without `ca_database`) there is no such job, and "
    "the load generator's `estorm_enrollments_unanswered_total` is the most there can be.",
    (ORPHANS, IN_DELIVERY),
)


class StormMetrics:
    """The supervisor's metrics in a registry of their own."""

    def __init__(self) -> None:
        self.registry = registry = CollectorRegistry()
        self._orphans = ORPHANS.gauge(registry)
        self._in_delivery = IN_DELIVERY.gauge(registry)

    def show(self, orphans: int, in_delivery: int) -> None:
        """How many there are now."""
        self._orphans.set(orphans)
        self._in_delivery.set(in_delivery)
