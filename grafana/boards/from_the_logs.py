"""From the logs: production, where nothing of estorm runs but the reader of its logs."""

from exporters import ca, pictures, ra
from exporters.load import families as load
from exporters.logs import families as logs
from grafana.panels import Board, Query, lines, numbers
from grafana.queries import gained, mean, quantile, rate, series

BOARD = Board(
    "from-the-logs",
    "estorm / From the logs",
    "What CAPF, the RA, NGINX and IIS have logged, live or backfilled; the same queries as for a test.",
    (
        (
            "In the time shown",
            (
                numbers("Enrolled", "Enrollments that succeeded.", "short", Query(gained(load.SUCCEEDED))),
                numbers("Failed", "Enrollments that failed.", "short", Query(gained(load.FAILED))),
                numbers(
                    "Timeouts",
                    "Share of the enrollments that the read timer ended.",
                    "percentunit",
                    Query(f"{gained(load.TIMEOUTS)} / {gained(load.STARTED)}"),
                    bad_from=pictures.BURNING_SHARE,
                ),
                numbers("Failed calls to the CA", "All causes.", "short", Query(gained(ra.FAILURES))),
                numbers(
                    "Orphans",
                    "Certificates nobody received.",
                    "short",
                    Query(gained(ra.ORPHANS)),
                    bad_from=1,
                ),
                numbers("Unreadable lines", "Of all logs.", "short", Query(gained(logs.UNREADABLE.family))),
            ),
        ),
        (
            "Enrollments (CAPF)",
            (
                lines(
                    "Enrollments",
                    "Started, succeeded, failed.",
                    "ops",
                    Query(rate(load.STARTED), "started"),
                    Query(rate(load.SUCCEEDED), "succeeded"),
                    Query(rate(load.FAILED), "failed"),
                ),
                lines(
                    "How long they took",
                    "From CAPF's request to its result.",
                    "s",
                    *(
                        Query(quantile(share, load.SERVICE), f"p{share * 100:g}")
                        for share in (0.5, 0.95, 0.99)
                    ),
                ),
                lines(
                    "Failures by EST error",
                    "As CAPF names them, and how far they came.",
                    "ops",
                    Query(rate(load.FAILED, "est_error, stage"), "{{est_error}} at {{stage}}"),
                ),
                lines("Timeouts", "By timer.", "ops", Query(rate(load.TIMEOUTS, "timer"), "{{timer}}")),
            ),
        ),
        (
            "RA (NGINX, CES)",
            (
                lines(
                    "Failed calls to the CA",
                    "By stage and curl's code; curl_28 is a timeout.",
                    "ops",
                    Query(rate(ra.FAILURES, "stage, cause"), "{{stage}} {{cause}}"),
                ),
                lines(
                    "Calls to the CA, mean",
                    "By stage, on the RA's side of the wire; its log has whole seconds, so only a mean.",
                    "s",
                    Query(mean(ra.STAGE_SECONDS, "stage"), "{{stage}}"),
                ),
                lines(
                    "Closest to the RA's timer",
                    "p99 of the share of the timer that calls use up, by stage; 1 is a timeout.",
                    "percentunit",
                    Query(quantile(0.99, ra.TIMER_USED, "stage"), "{{stage}}"),
                ),
                lines(
                    "EST errors of the RA",
                    "As libEST names them.",
                    "ops",
                    Query(rate(logs.RA_EST_ERRORS.family, "est_error"), "{{est_error}}"),
                ),
            ),
        ),
        (
            "CA (IIS)",
            (
                lines(
                    "Answers of the CA, p95",
                    "By stage, on the CA's side of the wire.",
                    "s",
                    Query(quantile(0.95, ca.RESPONSE, "stage"), "{{stage}}"),
                ),
                lines(
                    "Requests to the CA",
                    "By stage and status.",
                    "reqps",
                    Query(rate(ca.REQUESTS, "stage, status"), "{{stage}} {{status}}"),
                ),
                lines(
                    "Clients gone before the answer",
                    "The RA had given up.",
                    "ops",
                    Query(rate(logs.CA_GONE.family, "stage"), "{{stage}}"),
                ),
                lines(
                    "Log lines",
                    "Read, and not readable.",
                    "ops",
                    Query(rate(logs.LINES.family, "log"), "{{log}}"),
                    Query(rate(logs.UNREADABLE.family, "log, reason"), "{{log}} unreadable: {{reason}}"),
                ),
                lines(
                    "Age of the last line",
                    "Now, less the time of each log's last line.",
                    "s",
                    Query(f"time() - max by (log) ({series(logs.LAST_EVENT.family)})", "{{log}}"),
                    width=24,
                ),
            ),
        ),
    ),
    time="now-24h",
    refresh="1m",
    every_job=".*",
)
