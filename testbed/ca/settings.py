"""Settings of the mock CA. The defaults are a plain, fast CA with one template and one account."""

from typing import Annotated, Literal

import msgspec

from testbed.bounds import Name, Oid, Port, Settings
from testbed.ca.capacity_settings import CapacitySettings
from testbed.ca.faults import FaultPlan
from testbed.metrics_settings import MetricsSettings
from testbed.pki import CaKey

Days = Annotated[int, msgspec.Meta(ge=1, le=36500)]
# A template's OID as AD CS makes them: Microsoft's arc, six numbers of the forest, two of the template.
_CISCO_RA_OID = "1.3.6.1.4.1.311.21.8.5678901.2345678.9012345.6789012.3456789.12.1234567.7654321"
SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM = "1.3.6.1.5.5.7.3.1", "1.3.6.1.5.5.7.3.2", "1.3.6.1.5.5.7.3.5"

KeyUsage = Literal[
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"
]


AccountState = Literal["active", "locked", "expired", "must-change"]


class AccountSettings(Settings, frozen=True):
    """The service account the RA logs in with at the CA. `state` decides what a right password is worth."""

    domain: Name = "ESTORM"
    user: Name = "ciscora"
    state: AccountState = "active"

    @property
    def name(self) -> str:
        """Domain, backslash, user: as the IIS log shows it."""
        return f"{self.domain}\\{self.user}"


class ExtraAccount(Settings, frozen=True):
    """One more account that may try to log in. Its state decides what becomes of a right password."""

    user: Name
    password: str
    domain: Name = "ESTORM"
    state: AccountState = "active"


class TemplateSettings(Settings, frozen=True):
    r"""A certificate template: what may be asked for with it, by whom, and what the certificate says.

    `version` 1 templates are named by name in the certificate (WebServer, User), later ones by OID and
    version. `allowed` lists accounts as `DOMAIN\user`; empty means every account.
    """

    name: Name = "CiscoRA"
    friendly_name: str = ""
    oid: Oid = _CISCO_RA_OID
    version: Annotated[int, msgspec.Meta(ge=1, le=4)] = 2
    major_version: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 100
    minor_version: Annotated[int, msgspec.Meta(ge=0, le=100_000)] = 1
    extended_key_usages: tuple[Oid, ...] = (SERVER_AUTH, CLIENT_AUTH, IPSEC_END_SYSTEM)
    key_usages: tuple[KeyUsage, ...] = ("digital_signature", "key_encipherment")
    validity_days: Days | None = None
    subject_supplied: bool = True
    key_types: tuple[Literal["rsa", "ec"], ...] = ("rsa", "ec")
    minimum_rsa_bits: Annotated[int, msgspec.Meta(ge=512, le=16384)] = 2048
    approval: bool = False
    allowed: tuple[Name, ...] = ()


class CaSettings(Settings, frozen=True):
    r"""The mock CA: where it listens, who may log in, what it issues. Port 0 is any free port.

    `key` is what its certificates are signed with; with `intermediate` a root of its own signs the CA.
    `template` is the one template on offer unless `templates` lists others. `validity_days` bounds every
    certificate's life. `high_serial` 0 gives 10-byte serial numbers, 1 to 127 the 19-byte kind that begins
    with it. `san_attributes` is EDITF_ATTRIBUTESUBJECTALTNAME2. `denied_accounts` (`DOMAIN\user`) may log in
    but not enroll; while `suspended`, as for a database restore, nobody may.
    """

    port: Port = 0
    management_port: Port = 0
    name: Name = "ESTORM-LAB-CA"
    key: CaKey = "rsa-2048"
    intermediate: bool = False
    dns_domain: Name = "estorm.test"
    template: Name = "CiscoRA"
    templates: tuple[TemplateSettings, ...] = ()
    validity_days: Days = 730
    account: AccountSettings = AccountSettings()
    accounts: tuple[ExtraAccount, ...] = ()
    denied_accounts: tuple[Name, ...] = ()
    suspended: bool = False
    schemes: tuple[Literal["negotiate", "ntlm", "basic"], ...] = ("negotiate", "ntlm", "basic")
    persist_authentication: bool = True
    channel_binding: Literal["ignore", "accept", "require"] = "ignore"
    high_serial: Annotated[int, msgspec.Meta(ge=0, le=127)] = 0x52
    san_attributes: bool = False
    http_crl_url: str = ""
    crl_days: Days = 7
    capacity: CapacitySettings = CapacitySettings()
    faults: FaultPlan = FaultPlan()
    seed: int = 1
    metrics: MetricsSettings = MetricsSettings()

    @property
    def offered(self) -> tuple[TemplateSettings, ...]:
        """The templates on offer."""
        return self.templates or (TemplateSettings(name=self.template),)
