"""What the EST side of the RA decides with, made from its settings; one for all connections."""

import datetime as dt
import hashlib
from dataclasses import dataclass

from cryptography import x509
from cryptography.hazmat.primitives import hashes

from testbed.errors import EstRefused
from testbed.est_errors import EstError
from testbed.ra.certificates import Encoding64, SigningRequest, subject_names
from testbed.ra.est.answers import Answers
from testbed.ra.est.authentication import Authenticator, authenticator
from testbed.ra.est.csr_attributes import CsrAttributes
from testbed.ra.est.operations import Operation
from testbed.ra.est.pending import PendingRequests
from testbed.ra.est.possession import check_possession
from testbed.ra.est.profile import Profile, profile_of
from testbed.ra.est.server_keys import ServerKeys
from testbed.ra.settings import RaSettings
from testbed.ra.workers.memory import Memory


@dataclass(frozen=True, slots=True)
class Caller:
    """The TLS client: its certificate, and the connection's tls-unique, where there are such."""

    certificate: x509.Certificate | None = None
    tls_unique: bytes | None = None


@dataclass(frozen=True, slots=True)
class Desk:
    """The rules by which requests are let in, read, remembered and answered."""

    profile: Profile
    answers: Answers
    authenticator: Authenticator
    attributes: CsrAttributes
    pending: PendingRequests
    server_keys: ServerKeys
    encoding: Encoding64
    possession_required: bool

    def read(self, body: bytes, operation: Operation, caller: Caller) -> SigningRequest:
        """The certificate request in an EST message; EstRefused when it is none, or not what is required."""
        signed = operation is not Operation.SERVERKEYGEN
        try:
            request = SigningRequest.from_est(body, self.encoding, signed=signed)
            self.attributes.check(request)
            renews = operation is Operation.SIMPLEREENROLL and self.profile.reenroll_same_subject
            same = not renews or caller.certificate is None or _same_subject(request, caller.certificate)
        except ValueError as error:
            raise EstRefused(EstError.BAD_PKCS10, str(error)) from error
        if not same:
            raise EstRefused(EstError.X509_ATTR, "the request's subject is not the client certificate's")
        proof, required = request.challenge_password, self.possession_required
        check_possession(proof, caller.tls_unique, caller.certificate, required=required)
        return request

    def fingerprint(self, request: SigningRequest, operation: Operation, caller: Caller) -> bytes:
        """What the request is remembered by: for a key made here, by who may have it too."""
        if operation is not Operation.SERVERKEYGEN:
            return request.fingerprint
        who = caller.certificate.fingerprint(hashes.SHA256()) if caller.certificate else b""
        return hashlib.sha256(b"serverkeygen" + request.fingerprint + who).digest()


def make_desk(settings: RaSettings, est_password: str, memory: Memory) -> Desk:
    """The desk that the settings ask for; SettingsError when they cannot be met.

    `memory` is what the worker processes share.
    """
    est, profile = settings.est, profile_of(settings.est)
    lines = profile.lines_required if est.base64_lines == "profile" else est.base64_lines == "required"
    life_seconds = dt.timedelta(days=est.pending.days).total_seconds()
    return Desk(
        profile=profile,
        answers=Answers(est),
        authenticator=authenticator(est, settings.est_user, est_password, settings.realm, memory),
        attributes=CsrAttributes(est),
        pending=PendingRequests(memory, est.pending.requests, life_seconds),
        server_keys=ServerKeys(est.server_key, est.server_keys_at_once),
        encoding=Encoding64(lines, profile.pem_armour),
        possession_required=est.proof_of_possession == "on",
    )


def _same_subject(request: SigningRequest, certificate: x509.Certificate) -> bool:
    """Whether subject and alternative names are the certificate's (RFC 7030 section 4.2.2)."""
    return request.subject == certificate.subject and request.names == subject_names(certificate)
