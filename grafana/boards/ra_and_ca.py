"""RA and CA: latency on both sides of the wire, queues, workers, curl's codes, the CA's database."""

from exporters import ca, pictures, ra
from grafana.panels import Board, Query, lines, numbers
from grafana.queries import gained, mean, quantile, rate, total

_CALLED = 'stage=~"login|form|submit|download"'

_BY_THE_RA = mean(ra.STAGE_SECONDS, "stage", _CALLED)
_BY_THE_CA = mean(ca.RESPONSE, "stage", _CALLED)

BOARD = Board(
    "ra-and-ca",
    "estorm / RA and CA",
    "Latency on both sides of the wire, to tell network and queue apart; queues, workers, failures.",
    (
        (
            "Now",
            (
                numbers("RA: in flight", "EST requests being served.", "short", Query(total(ra.IN_FLIGHT))),
                numbers(
                    "RA: workers busy", "Blocking workers at work.", "short", Query(total(ra.WORKERS_BUSY))
                ),
                numbers(
                    "RA: accept queue",
                    "Connections not yet accepted.",
                    "short",
                    Query(total(ra.ACCEPT_QUEUE)),
                ),
                numbers("CA: waiting", "Requests in the CA's queue.", "short", Query(total(ca.QUEUED))),
                numbers("CA: in service", "Busy workers of the CA.", "short", Query(total(ca.IN_SERVICE))),
                numbers(
                    "CA: issued",
                    "Certificates in the CA's database.",
                    "short",
                    Query(total(ca.ROWS, matchers='disposition="issued"')),
                ),
            ),
        ),
        (
            "Latency",
            (
                lines(
                    "Calls to the CA, as the RA sees them",
                    "p95 by stage, one call of curl: connecting, both legs of the login, the answer.",
                    "s",
                    Query(quantile(0.95, ra.STAGE_SECONDS, "stage"), "{{stage}}"),
                ),
                lines(
                    *pictures.CA_ANSWERS,
                    Query(quantile(0.95, ca.RESPONSE, "stage"), "{{stage}}"),
                ),
                lines(
                    "Between RA and CA",
                    "Mean call of the RA less mean answer of the CA: connecting, TLS, the first "
                    "leg of the login, the network.",
                    "s",
                    Query(
                        f"({_BY_THE_RA}) - ({_BY_THE_CA})",
                        "{{stage}}",
                    ),
                ),
                lines(
                    "Waiting and service at the CA",
                    "Means; only a CA of bounded capacity has them.",
                    "s",
                    Query(mean(ca.WAITING, "stage"), "{{stage}} waiting"),
                    Query(mean(ca.SERVICE, "stage"), "{{stage}} service"),
                ),
                lines(
                    "EST requests",
                    "p50, p95 and p99 of the RA's answers.",
                    "s",
                    *(
                        Query(quantile(share, ra.REQUEST_SECONDS), f"p{share * 100:g}")
                        for share in (0.5, 0.95, 0.99)
                    ),
                ),
                lines(
                    "Waiting at the RA",
                    "p95 of the time in the accept queue, and before a worker takes it up.",
                    "s",
                    Query(quantile(0.95, ra.ACCEPT_WAIT), "accept queue"),
                    Query(quantile(0.95, ra.WORKER_WAIT), "worker"),
                ),
            ),
        ),
        (
            "Load and queues",
            (
                lines(
                    "EST requests by status",
                    "499: the phone had gone.",
                    "reqps",
                    Query(rate(ra.REQUESTS, "operation, status"), "{{operation}} {{status}}"),
                ),
                lines(
                    "CA requests by status",
                    "401 is the first leg of every login.",
                    "reqps",
                    Query(rate(ca.REQUESTS, "stage, status"), "{{stage}} {{status}}"),
                ),
                lines(
                    "In flight and waiting",
                    "At both.",
                    "short",
                    Query(total(ra.IN_FLIGHT), "RA in flight"),
                    Query(total(ra.WAITING), "RA waiting"),
                    Query(total(ra.ACCEPT_QUEUE), "RA accept queue"),
                    Query(total(ca.QUEUED, "stage"), "CA {{stage}} waiting"),
                    Query(total(ca.IN_SERVICE, "stage"), "CA {{stage}} in service"),
                ),
                lines(
                    "Connections at the CA",
                    "Open, and logins made on them.",
                    "short",
                    Query(total(ca.CONNECTIONS), "open"),
                    Query(rate(ca.LOGINS, "scheme, outcome"), "logins a second, {{scheme}} {{outcome}}"),
                ),
            ),
        ),
        (
            "What went wrong",
            (
                lines(
                    *pictures.FAILED_CALLS,
                    Query(rate(ra.FAILURES, "stage, cause"), "{{stage}} {{cause}}"),
                ),
                lines(
                    "Calls made again",
                    "Only where `ra.retries` asks for it.",
                    "ops",
                    Query(rate(ra.RETRIES, "stage"), "{{stage}}"),
                ),
                lines(
                    "Certificates too late",
                    "Kept for their client, handed out later, or lost: those are orphans.",
                    "ops",
                    Query(rate(ra.LATE, "event"), "{{event}}"),
                    Query(rate(ra.ORPHANS), "orphans"),
                    Query(rate(ra.FORGOTTEN), "undecided requests given up"),
                ),
                lines(
                    "Turned away and faults",
                    "Requests that the CA did not serve, and faults of its chaos mode.",
                    "ops",
                    Query(rate(ca.REJECTED, "reason"), "rejected: {{reason}}"),
                    Query(rate(ca.FAULTS, "stage, fault"), "fault: {{fault}} at {{stage}}"),
                ),
            ),
        ),
        (
            "The CA's decisions and its disk",
            (
                lines(
                    "Decisions",
                    "Certificate requests decided.",
                    "ops",
                    Query(rate(ca.DISPOSITIONS, "disposition"), "{{disposition}}"),
                ),
                lines(
                    "Database rows",
                    "Requests by what became of them.",
                    "short",
                    Query(total(ca.ROWS, "disposition"), "{{disposition}}"),
                    Query(total(ca.UNFETCHED), "issued, nobody has come for it"),
                ),
                lines(
                    "Commits",
                    "p95 of a commit, and rows in one.",
                    "s",
                    Query(quantile(0.95, ca.COMMIT), "p95"),
                    Query(mean(ca.COMMIT_ROWS), "rows a commit"),
                ),
                lines(
                    "Decided in the time shown",
                    "Issued, denied, pending.",
                    "short",
                    Query(gained(ca.DISPOSITIONS, "disposition"), "{{disposition}}"),
                ),
            ),
        ),
    ),
)
