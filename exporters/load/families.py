"""The load generator's metrics by name. Exporters that read logs use the same names for the same things."""

from exporters.families import Family, Group, Kind, Label

STAGES = ("resolve", "connect", "tls", "send", "wait", "read", "answer", "check")
TIMED_STAGES = ("connect", "tls", "send", "wait", "read", "check")
TIMERS = ("connect", "handshake", "read")
PHONE_STATES = ("waiting", "under_way", "between_tries", "enrolled", "failed", "lost")

OPERATION = Label("operation", "install (simpleenroll) or renew (simplereenroll)")
EST_ERROR = Label("est_error", "libEST's name of the failure: `EST_ERR_SSL_READ`, 94 at most")
STAGE = Label(
    "stage",
    "how far it came: resolve, connect, tls, send, wait (for the first byte), read, answer (a refusal or "
    "an answer that is none), check (of the LSC); empty where a log does not tell",
)
OUTCOME = Label("outcome", "enrolled or failed")
TIMER = Label("timer", "connect, handshake or read")
WORKER = Label("worker", "number of the generator's process")

INTENDED = Family(
    "estorm_enrollments_intended_total", Kind.COUNTER,
    "Attempts whose intended start has come, retries included.",
    "with the schedule, whether the generator keeps up or not",
    (OPERATION,),
)  # fmt: skip
STARTED = Family(
    "estorm_enrollments_started_total", Kind.COUNTER,
    "Attempts that have started, retries included.", "as each attempt starts", (OPERATION,),
)  # fmt: skip
LATE = Family(
    "estorm_enrollments_late_total", Kind.COUNTER,
    "Attempts that started more than 5 ms after their intended start.",
    "as such an attempt ends: the generator is short of CPU", (OPERATION,),
)  # fmt: skip
SUCCEEDED = Family(
    "estorm_enrollments_succeeded_total", Kind.COUNTER,
    "Attempts that brought a phone its LSC, every check passed.", "as an attempt ends well", (OPERATION,),
)  # fmt: skip
FAILED = Family(
    "estorm_enrollments_failed_total", Kind.COUNTER,
    "Attempts that failed.", "as an attempt fails", (OPERATION, EST_ERROR, STAGE),
)  # fmt: skip
RETRIES = Family(
    "estorm_enrollments_retried_total", Kind.COUNTER,
    "Attempts that were not a phone's first.", "as such an attempt starts", (OPERATION,),
)  # fmt: skip
LATENCY = Family(
    "estorm_enrollment_latency_seconds", Kind.HISTOGRAM,
    "Time from an attempt's intended start to its end.", "as an attempt ends", (OPERATION, OUTCOME),
)  # fmt: skip
SERVICE = Family(
    "estorm_enrollment_service_seconds", Kind.HISTOGRAM,
    "Time from an attempt's real start to its end.", "as an attempt ends", (OPERATION, OUTCOME),
)  # fmt: skip
STAGE_TIME = Family(
    "estorm_enrollment_stage_seconds", Kind.HISTOGRAM,
    "Time of one stage that was completed, of attempts that succeeded or failed.", "as an attempt ends",
    (Label("stage", "connect, tls, send, wait (for the first byte), read, check"),),
)  # fmt: skip
TIMEOUTS = Family(
    "estorm_enrollment_timeouts_total", Kind.COUNTER,
    "Attempts that a timer of the phone's side ended.", "as an attempt times out", (TIMER, STAGE),
)  # fmt: skip
TIMER_SECONDS = Family(
    "estorm_enrollment_timer_seconds", Kind.GAUGE,
    "How long the timer is set to.", "never while a run lasts", (TIMER,),
)  # fmt: skip
TIMER_USED = Family(
    "estorm_enrollment_timer_used_ratio", Kind.HISTOGRAM,
    "Share of the timer that an attempt used up; 1 is a timeout.", "as an attempt ends", (TIMER,),
)  # fmt: skip
UNANSWERED = Family(
    "estorm_enrollments_unanswered_total", Kind.COUNTER,
    "Attempts whose request was sent and brought no LSC that passed: each may have left an orphan.",
    "as such an attempt ends", (OPERATION,),
)  # fmt: skip
PHONES = Family(
    "estorm_phones", Kind.GAUGE, "Phones by state; together they are the fleet.",
    "as phones start and end",
    (
        Label(
            "state",
            "waiting (for its start), under_way, between_tries, enrolled, failed (out of tries or past the "
            "deadline), lost (with the generator's process that drove it)",
        ),
    ),
)  # fmt: skip
START_LAG = Family(
    "estorm_generator_start_lag_seconds", Kind.HISTOGRAM,
    "Time from an attempt's intended start to its real one.", "as an attempt ends",
)  # fmt: skip
LOOP_LAG = Family(
    "estorm_generator_event_loop_lag_seconds", Kind.HISTOGRAM,
    "How late the event loop of a generator's process woke; sampled every 20 ms.", "50 times a second",
)  # fmt: skip
CPU = Family(
    "estorm_generator_cpu_seconds_total", Kind.COUNTER,
    "User and system time of a process of the generator; over 0.8 a second it is the limit, not the server.",
    "while the process runs", (WORKER,),
)  # fmt: skip
WORKERS = Family(
    "estorm_generator_workers", Kind.GAUGE, "Processes of the generator that drive phones.",
    "as a process joins, ends or is lost", (Label("state", "running, ended or lost"),),
)  # fmt: skip
RUN = Family(
    "estorm_run_info", Kind.INFO, "Which run this is; always 1.", "never while a run lasts",
    (
        Label("id", "the run folder's name"),
        Label("seed", "of the fleet"),
        Label("scenario", "the scenario's name"),
        Label("target", "URL of the EST server"),
    ),
)  # fmt: skip
FAULT = Family(
    "estorm_fault_active", Kind.GAUGE, "1 while the fault is in force, 0 after its end.",
    "as a fault starts and ends",
    (Label("fault", "the fault's name, such as clock.skew; one for each that struck"),),
)  # fmt: skip

GROUP = Group(
    "estorm-load",
    "The load generator. `estorm storm` serves it on a free port of 127.0.0.1, Locust with our locustfile "
    "where `--metrics-listen HOST:PORT` says. With `--processes` the master serves the sum of its workers, "
    "which report every 3 s; what a worker that was lost had reported stays in the sums, and what it did "
    "after that is added from its journal, where that is on the master's machine.",
    (
        INTENDED, STARTED, LATE, SUCCEEDED, FAILED, RETRIES, UNANSWERED, LATENCY, SERVICE, STAGE_TIME,
        TIMEOUTS, TIMER_SECONDS, TIMER_USED, PHONES, START_LAG, LOOP_LAG, CPU, WORKERS, RUN, FAULT,
    ),
)  # fmt: skip
