"""Orphans: certificates that the CA issued and no phone holds."""

from collections.abc import Iterable
from pathlib import Path

from loadtests.journal import Attempt
from testbed.ca import database


def count_orphans(ca_database: Path, attempts: Iterable[Attempt]) -> int:
    """How many issued certificates in the CA's database none of these attempts brought to a phone."""
    held = {attempt.serial for attempt in attempts if attempt.enrolled}
    return sum(certificate.serial not in held for certificate in database.issued(ca_database))
