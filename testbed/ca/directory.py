"""The domain's accounts: who is who however the name is spelt, and what becomes of a password."""

import hmac
from collections.abc import Iterable
from dataclasses import dataclass, field

from testbed.ca import hresult
from testbed.ca.settings import CaSettings
from testbed.ntlm.proof import nt_hash

# What Windows answers to a right password of an account in each state (winerror.h).
_LOGON_STATUS = {
    "active": 0,
    "locked": hresult.ACCOUNT_LOCKED_OUT,
    "expired": hresult.PASSWORD_EXPIRED,
    "must-change": hresult.PASSWORD_MUST_CHANGE,
}


@dataclass(frozen=True, slots=True)
class Account:
    r"""One account; `name` is canonical, `DOMAIN\user`, `logon_status` is 0 when it may log in."""

    domain: str
    user: str
    password: str = field(repr=False)
    nt_hash: bytes = field(repr=False)
    logon_status: int = 0

    @property
    def name(self) -> str:
        """As the IIS log shows it after NTLM."""
        return f"{self.domain}\\{self.user}"


class Directory:
    """Finds accounts by domain (NetBIOS, DNS or none) and user name, or by UPN; case never matters."""

    def __init__(self, accounts: Iterable[Account], dns_domain: str) -> None:
        self._dns_domain = dns_domain.lower()
        self._accounts = {(each.domain.lower(), each.user.lower()): each for each in accounts}
        self._domains = {domain for domain, _ in self._accounts}

    def find(self, domain: str, user: str) -> Account | None:
        """The account, or None; an empty domain searches all."""
        domain, user = domain.lower(), user.lower()
        if not domain and "@" in user:
            user, _, domain = user.rpartition("@")
        if domain in ("", self._dns_domain):
            found = (self._accounts.get((each, user)) for each in sorted(self._domains))
            return next((account for account in found if account), None)
        return self._accounts.get((domain, user))

    def logon(self, typed_name: str, password: str) -> tuple[Account | None, int]:
        """The account and 0 for a good clear-text logon, else None or the account and a Win32 code."""
        domain, separator, user = typed_name.partition("\\")
        account = self.find(domain, user) if separator else self.find("", typed_name)
        if account is None or not _same(account.password, password):
            return None, hresult.LOGON_FAILURE
        return account, account.logon_status


def directory_of(settings: CaSettings, account_password: str) -> Directory:
    """The accounts that a CA's settings name."""
    service = settings.account
    accounts = [_account(service.domain, service.user, account_password, service.state)]
    accounts.extend(_account(each.domain, each.user, each.password, each.state) for each in settings.accounts)
    return Directory(accounts, settings.dns_domain)


def _account(domain: str, user: str, password: str, state: str) -> Account:
    return Account(domain, user, password, nt_hash(password), _LOGON_STATUS[state])


def _same(one: str, other: str) -> bool:
    return hmac.compare_digest(one.encode("utf-8", "replace"), other.encode("utf-8", "replace"))
