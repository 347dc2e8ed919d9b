"""Whether an EST client may enroll: by password, certificate, either or both (RFC 7030, 3.2.3 and 3.3.2)."""

from dataclasses import dataclass
from http import HTTPStatus

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.est.accounts import Account, AuthType, Proof
from testbed.ra.est.basic import BasicAccount
from testbed.ra.est.digest import DigestAccount
from testbed.ra.est.nonces import Nonces
from testbed.ra.est.operations import Operation
from testbed.ra.est.profile import Profile, profile_of
from testbed.ra.est.settings import EstSettings
from testbed.ra.workers.memory import Memory


@dataclass(frozen=True, slots=True)
class Attempt:
    """What a client shows with one request. `certified`: its certificate has passed the TLS handshake."""

    operation: Operation
    method: str
    target: str
    authorization: str | None
    certified: bool


class Authenticator:
    """Decides by the settings' `authentication`; `account` is None where no password is taken."""

    def __init__(self, settings: EstSettings, profile: Profile, account: Account | None) -> None:
        mode = settings.authentication
        self._account = account
        self._certificate_required = mode == "certificate" or mode.startswith("certificate_and")
        self._certificate_suffices = mode == "certificate" or mode.startswith("certificate_or")
        self._profile = profile

    @property
    def auth_type(self) -> AuthType:
        """How clients log in over HTTP."""
        return self._account.auth_type if self._account else AuthType.NONE

    def check(self, attempt: Attempt) -> None:
        """EstRefused, with the challenges to send, unless the client may enroll."""
        reenrolls = attempt.operation is Operation.SIMPLEREENROLL
        if attempt.certified and reenrolls and self._profile.reenroll_by_certificate:
            return
        if self._certificate_required and not attempt.certified:
            # RFC 9110 section 15.5.2: a 401 must say how to log in, which HTTP cannot say of certificates.
            status = 0 if self._profile.silent_challenge else HTTPStatus.FORBIDDEN
            raise EstRefused(EstError.AUTH_FAIL, "no client certificate", status=status)
        if self._account is None:
            return
        if attempt.authorization is None:
            if attempt.certified and self._certificate_suffices:
                return
            raise EstRefused(EstError.AUTH_PENDING, "no credentials", challenges=self._account.challenges())
        self._check_password(self._account, attempt, attempt.authorization)

    def _check_password(self, account: Account, attempt: Attempt, authorization: str) -> None:
        proof = account.check(authorization, attempt.method, attempt.target)
        if proof is Proof.STALE:
            again = account.challenges(stale=True)
            raise EstRefused(EstError.AUTH_PENDING, "the nonce is used up", challenges=again)
        if proof is Proof.WRONG:
            again = () if self._profile.silent_challenge else account.challenges()
            raise EstRefused(EstError.AUTH_FAIL, "wrong credentials", challenges=again)


def authenticator(
    settings: EstSettings, user: str, password: str, realm: str, memory: Memory
) -> Authenticator:
    """The authenticator the settings ask for."""
    profile = profile_of(settings)
    account: Account | None = None
    if settings.authentication.endswith("basic"):
        account = BasicAccount(user, password, realm)
    elif settings.authentication.endswith("digest"):
        nonces = Nonces(memory, settings.digest.nonce_seconds, settings.digest.nonces)
        algorithms = settings.digest.algorithms or profile.digest_algorithms
        account = DigestAccount(user, password, realm, algorithms, nonces)
    return Authenticator(settings, profile, account)
