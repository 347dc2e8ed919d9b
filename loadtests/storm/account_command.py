"""`estorm account`: what became of each certificate that the CA issued in a run."""

from collections.abc import Iterator
from pathlib import Path

import click
import msgspec

from loadtests.errors import ScenarioError
from loadtests.results.account import Account, Fate
from loadtests.results.journal import JournalReader
from loadtests.scenario import read_scenario
from loadtests.storm.accounting import run_account
from loadtests.storm.run_folder import find_run_folder


@click.command()
@click.argument("run", metavar="RUN", type=click.Path(path_type=Path))
@click.option("--fate", type=click.Choice([str(each) for each in Fate]), help="Only these.")
@click.option("--ids", is_flag=True, help="Request ids alone, as `estorm ca revoke` takes them.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def account(run: Path, fate: str | None, *, ids: bool, as_json: bool) -> None:
    """Draw up the account of a run's certificates, to the certificate.

    RUN is the folder of a storm. Orphans are revoked by
    `estorm ca revoke RUN/ca.sqlite $(estorm account RUN --fate orphaned --ids)`.
    """
    folder = find_run_folder(run)
    found = run_account(read_scenario(folder.scenario), folder, JournalReader(folder.path).new())
    if found is None:
        raise ScenarioError(f"{run} was a run against a target whose CA's database is not at hand")
    wanted = found.of(Fate(fate)) if fate else found.certificates
    if ids:
        click.echo(" ".join(str(each.request_id) for each in wanted))
    elif as_json:
        for each in wanted:
            click.echo(msgspec.json.encode(each))
    else:
        for line in _told(found, fate):
            click.echo(line)


def _told(found: Account, fate: str | None) -> Iterator[str]:
    """The balance, then each certificate that no phone got as it asked for it."""
    sums = msgspec.structs.asdict(found.balance)
    yield ", ".join(f"{name.replace('_', ' ')} {count}" for name, count in sums.items())
    for each in found.certificates:
        if each.fate == fate or (fate is None and each.fate is not Fate.DELIVERED):
            holder = f", held by {each.phone}" if each.phone else ""
            said = each.fate.replace("_", " ")
            yield f"  {said:<16} request id {each.request_id}, serial {each.serial}, {each.subject}{holder}"
