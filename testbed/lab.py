"""The lab: the whole enrollment chain on this machine, one owner for all of it.

    with Lab(LabSettings(), log_directory, database) as lab:
        lab.endpoints.ra     # https://127.0.0.1:PORT/.well-known/est

The PKI is made first, while both parts load their code; then the CA is started, then the RA, which logs in at
the CA as it starts; each is waited for until it really serves. Leaving the block, by whatever way, stops both
and removes every key.

Meanwhile a part can be killed, started again on its ports, and given other settings: `lab.ca`, `lab.ra`. A
part lives no longer than the thread that started it.
"""

import contextlib
import datetime as dt
import secrets
import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from urllib.parse import urlsplit

import msgspec

from exporters.whole_file import replace_whole
from testbed.errors import PartFailed, SettingsError
from testbed.lab_part import Conditions, LabPart, pinned_ca, pinned_ra
from testbed.naming import Hop, PartName
from testbed.ownership import Owner
from testbed.pki import Hierarchy, LabPki, make_lab_pki
from testbed.scratch import scratch_directory
from testbed.settings import CaPartSettings, LabSettings, RaPartSettings
from testbed.supervision import PartDeath, PartProcess

_PARTS: tuple[PartName, ...] = ("ca", "ra")
_POLL_SECONDS = 0.2
_STOP_SECONDS = 5.0
_OWN_LOGS = {"ca": "u_ex*.log", "ra": "nginx_error.log"}


class Endpoints(msgspec.Struct, frozen=True):
    """Where the lab's parts answer, and what a client needs to enroll there.

    `ca` is the `/certsrv` URL, `ra` the EST base URL, `trust_anchor` a PEM file with the root that signs
    everything, `account` and `password` the CA's service account, `metrics` the `/metrics` URL of each part,
    `management` the URL that switches the CA's faults.
    """

    ca: str
    ra: str
    trust_anchor: str
    account: str
    password: str
    est_user: str
    est_password: str
    template: str
    metrics: dict[str, str]
    management: str
    pids: dict[str, int]
    database: str
    logs: str

    def write(self, path: Path) -> None:
        """Write the endpoints as JSON, whole or not at all, for this user alone: they hold passwords."""
        try:
            replace_whole(path, msgspec.json.format(msgspec.json.encode(self), indent=2) + b"\n", 0o600)
        except OSError as error:
            raise SettingsError(f"cannot write the endpoints to {path}: {error.strerror}") from error


def direct(_: Hop, address: str) -> str:
    """The route of a hop with nothing in between."""
    return address


@dataclass(frozen=True, slots=True)
class Wiring:
    """What is put between the parts and under them.

    `route` gets a hop and the HOST:PORT at its end, and gives the HOST:PORT to connect to instead.
    `environments` holds environment variables for a part's process.
    """

    route: Callable[[Hop, str], str] = direct
    environments: Mapping[PartName, Mapping[str, str]] = field(default_factory=dict)


class Lab(Owner):
    """The parts of the chain as child processes; a context manager that starts and stops them.

    Logs go to `log_directory`, the CA's database to `database`; both stay. Entering raises PartFailed when a
    part does not start, with the part's own reason.
    """

    def __init__(
        self, settings: LabSettings, log_directory: Path, database: Path, wiring: Wiring | None = None
    ) -> None:
        self._settings = settings
        self._log_directory = log_directory
        self._database = database
        self._wiring = wiring or Wiring()
        self.ca: LabPart[CaPartSettings]
        self.ra: LabPart[RaPartSettings]
        self.pki: LabPki
        self.endpoints: Endpoints

    def _take(self, owned: contextlib.ExitStack) -> None:
        self._scratch = owned.enter_context(scratch_directory("lab"))
        self.endpoints = self._start(owned)

    @property
    def parts(self) -> tuple[LabPart[CaPartSettings], LabPart[RaPartSettings]]:
        """The lab's parts, in the order they were started."""
        return self.ca, self.ra

    @property
    def pids(self) -> dict[str, int]:
        """The parts' processes as they are now, 0 for one that is dead on purpose."""
        return {part.name: part.pid for part in self.parts}

    def deaths(self) -> list[PartDeath]:
        """The parts that ended by themselves."""
        return [death for part in self.parts if (death := part.death())]

    def watch(self, meanwhile: Callable[[], None] = lambda: None) -> None:
        """Block until a part ends by itself; then raise PartFailed with its name and last log lines.

        `meanwhile` is called several times a second.
        """
        while not (deaths := self.deaths()):
            meanwhile()
            time.sleep(_POLL_SECONDS)
        raise PartFailed(str(deaths[0]))

    def reload(self, settings: LabSettings) -> None:
        """Have both parts go on with other settings (SIGHUP); ports and names stay as they are.

        PartFailed or SettingsError, with the part's reason, when one goes on as it did.
        """
        self.ca.replace(msgspec.structs.replace(self.ca.original, ca=settings.ca))
        self.ra.replace(msgspec.structs.replace(self.ra.original, ra=settings.ra))

    def _start(self, owned: contextlib.ExitStack) -> Endpoints:
        lab, account = self._settings, self._settings.ca.account
        processes = {name: self._process(name, owned) for name in _PARTS}
        for name, process in processes.items():
            process.prepare(self._wiring.environments.get(name))
        self.pki = pki = make_lab_pki(
            self._scratch, lab.ca.name, lab.host, dt.datetime.now(dt.UTC),
            hierarchy=Hierarchy(lab.ca.key, lab.ca.intermediate), ca_host=lab.ra.ca_host_name,
        )  # fmt: skip
        password, est_password = secrets.token_urlsafe(12), secrets.token_urlsafe(12)
        ca_settings = self._ca_settings(pki, password)
        self.ca = LabPart(processes["ca"], ca_settings, pinned_ca, self._conditions("ca"))
        self.ca.start()
        certsrv = self._routed("ra-ca", self.ca.addresses["certsrv"])
        ra_settings = self._ra_settings(pki, certsrv, password, est_password)
        self.ra = LabPart(processes["ra"], ra_settings, pinned_ra, self._conditions("ra"))
        self.ra.start()
        return Endpoints(
            ca=self.ca.addresses["certsrv"], ra=self._routed("phone-ra", self.ra.addresses["est"]),
            trust_anchor=str(pki.trust_anchor),
            account=account.name, password=password, est_user=lab.ra.est_user, est_password=est_password,
            template=lab.ra.template, metrics={part.name: part.addresses["metrics"] for part in self.parts},
            management=self.ca.addresses["management"],
            pids=self.pids,
            database=str(self._database), logs=str(self._log_directory),
        )  # fmt: skip

    def _process(self, name: PartName, owned: contextlib.ExitStack) -> PartProcess:
        process = PartProcess(
            name, self._scratch / f"{name}.json", self._log_directory, _OWN_LOGS[name],
            stop_seconds=_STOP_SECONDS + (self._settings.ra.drain_seconds if name == "ra" else 0),
        )  # fmt: skip
        owned.callback(process.stop)
        return process

    def _conditions(self, name: PartName) -> Conditions:
        return Conditions(self._settings.start_seconds, self._wiring.environments.get(name, {}))

    def _routed(self, hop: Hop, url: str) -> str:
        """The URL by which the end of a hop is reached."""
        parts = urlsplit(url)
        return parts._replace(netloc=self._wiring.route(hop, parts.netloc)).geturl()

    def _ca_settings(self, pki: LabPki, password: str) -> CaPartSettings:
        return CaPartSettings(
            host=self._settings.host, ca=self._settings.ca, account_password=password,
            server_key=pki.ca_server.key_path, server_certificate=pki.ca_server.certificate_path,
            issuing_key=pki.issuing.key_path, issuing_chain=pki.issuing.certificate_path,
            database=self._database, log_directory=self._log_directory,
        )  # fmt: skip

    def _ra_settings(self, pki: LabPki, certsrv: str, password: str, est_password: str) -> RaPartSettings:
        url = urlsplit(certsrv)
        assert url.hostname is not None
        assert url.port is not None
        ra, name = self._settings.ra, self._settings.ra.ca_host_name
        return RaPartSettings(
            host=self._settings.host, ra=ra, est_password=est_password,
            server_key=pki.ra_server.key_path, server_certificate=pki.ra_server.certificate_path,
            trust_anchor=pki.trust_anchor, ca_host=name or url.hostname, ca_port=url.port,
            ca_address=url.hostname if name and not ra.resolver.server else None,
            account=self._settings.ca.account, account_password=password, log_directory=self._log_directory,
        )  # fmt: skip
