"""The pictures that dashboards and the report of a run both draw: one title, meaning and unit for both.

`grafana/boards` draws them from metrics, `loadtests/report` from what the run left in its folder.
"""

from typing import NamedTuple


class Picture(NamedTuple):
    """One panel: its title, what it shows, and its unit by Grafana's name (short, ops, s, percentunit)."""

    title: str
    about: str
    unit: str


ENROLLED = Picture("Phones enrolled", "Phones that hold a good LSC.", "short")
LEFT = Picture("Phones left", "Phones that wait, enroll, or will try again.", "short")
TIMEOUT_SHARE = Picture(
    "Timeouts",
    "Share of the attempts in the time shown that a timer of the phone's side ended.",
    "percentunit",
)
FAILED_FOR_GOOD = Picture(
    "Failed for good", "Phones out of tries or past their deadline, or lost with the generator.", "short"
)
ORPHANS = Picture(
    "Orphans",
    "Certificates that the CA issued and no phone took in the time that it waits. In production: what the RA "
    "could not deliver.",
    "short",
)
PHONES_BY_STATE = Picture("Phones by state", "The whole fleet, stacked.", "short")
ATTEMPTS = Picture(
    "Attempts",
    "Intended by the schedule, started, and how they ended. Started below intended: the "
    "generator is too slow. Succeeded below started: the server is.",
    "ops",
)
LATENCY = Picture(
    "Latency from the intended start",
    "What a phone's owner waits, queueing in the generator included; of enrolled phones.",
    "s",
)
STAGES = Picture(
    "Where the time goes",
    "Mean time of each stage of an enrollment as the phone sees it; wait is the RA and the CA together.",
    "s",
)
FAILURES = Picture("Failures by EST error", "What CAPF would log.", "ops")
TIMEOUTS = Picture("Timeouts by timer", "Attempts that a timer of the phone's side ended.", "ops")
CA_ANSWERS = Picture(
    "Requests, as the CA sees them", "p95 by stage, from a whole request to its answer.", "s"
)
FAILED_CALLS = Picture(
    "Failed calls to the CA", "By stage; curl_28 is a timeout, curl_7 a refused connection.", "ops"
)
FAULTS = Picture("Faults in force", "What the chaos schedule does meanwhile.", "short")

PHONE_TIMERS = Picture("Phone", "What the timers of the phone's side are set to.", "s")
RA_TIMERS = Picture("RA", "What the RA's timers are set to.", "s")
TIMED_OUT = Picture("Timed out", "In the time shown, by timer and stage.", "short")
CLOSEST = Picture(
    "Closest to the timer",
    "p99 of the share used; above 0.8 a slower night brings timeouts.",
    "percentunit",
)
CUT_OFF = Picture(
    "Would be cut off by a shorter timer",
    "Share of the calls to the CA, in the time shown, that took longer than this.",
    "percentunit",
)
LONGER = Picture(
    "Enrollments longer than 10 s",
    "Share of the enrolled phones of the time shown that took longer "
    "than the default read timer, from the real start.",
    "percentunit",
)
BURNING_SHARE = 0.05
"""The share of timeouts that is an alert."""
CUT_OFF_SECONDS = (1.0, 2.5, 5.0, 10.0)
"""The shorter timers that `CUT_OFF` asks about."""
LONGER_SECONDS = (10.0, 5.0)
"""What `LONGER` counts as long."""
TIMED_CALLS = ("login", "form", "submit", "download")
"""The RA's calls to the CA that have a timer."""


def phone_share(timer: str) -> Picture:
    """The heatmap of a timer of the phone's side."""
    about = f"How much of the {timer} timer attempts use up; 1 is a timeout."
    return Picture(f"Phone: share of the {timer} timer", about, "percentunit")


def ra_share(stage: str) -> Picture:
    """The heatmap of a timer of the RA's."""
    about = f"How much of its timer each {stage} call to the CA uses up."
    return Picture(f"RA: share of the {stage} timer", about, "percentunit")
