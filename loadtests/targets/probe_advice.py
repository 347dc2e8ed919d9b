"""What to change when an enrollment fails, by the error it failed with."""

from loadtests.errors import EnrollmentFailed
from loadtests.est.authentication import AuthScheme, read_challenges
from loadtests.est.reply import EstReply, Profile
from loadtests.storm.generator import EstServer
from testbed.est_errors import EstError

_ADVICE = {
    EstError.IP_GETADDR: "the name does not resolve: check it, or use the address",
    EstError.IP_CONNECT: "nobody listens there: check host and port, and firewalls between",
    EstError.FQDN_MISMATCH: "the server's certificate has another name: use that name in the URL",
    EstError.SSL_WRITE: "the server closed while the request was sent: look into its log",
    EstError.HTTP_NOT_FOUND: "there is no EST at this path: check the path segment, https://host:port/SEGMENT",
    EstError.HTTP_UNSUPPORTED: "that is no answer of an EST server: check port and path segment",
    EstError.HTTP_BAD_REQ: "the server takes no such request: another key type (--key) may suit it better",
    EstError.AUTH_FAIL_TLSUID: "proof of possession needs TLS 1.2: leave out --tls-min 1.3, or --pop",
    EstError.CA_ENROLL_RETRY: "the CA wants a person to approve requests: let it issue by itself",
    EstError.INVALID_RETRY_VALUE: "the CA wants a person to approve requests: let it issue by itself",
    EstError.X509_PUBKEY: "the answer holds another key's certificate: look into the server's log",
    EstError.X509_CN: "the CA issues under another subject than was asked for: change its policy",
    EstError.CACERT_VERIFICATION: "name the CAs that issue LSCs with --lsc-chain",
    EstError.VALIDATION: "compare this machine's clock with the CA's",
}
_REFUSES = "the server refuses for now or for good: look into its log and its limits"
_REDIRECTS = "the server points elsewhere, and EST clients do not follow: give the EST server's own URL"
_STATUS_ADVICE = dict.fromkeys((403, 429, 503), _REFUSES)
_STATUS_ADVICE |= dict.fromkeys((301, 302, 303, 307, 308), _REDIRECTS)


def advice_for(failure: EnrollmentFailed, reply: EstReply, server: EstServer) -> str:
    """One sentence that says what to do about it."""
    settings = server.settings
    if reply.http_status == 401:
        return _about_authentication(reply, server)
    if failure.error is EstError.SSL_CONNECT:
        return _about_handshake(failure, server)
    if failure.error is EstError.SSL_READ:
        silent = "" if settings.client_certificate else "; a server that wants a --client-certificate does so"
        return f"the server took the request and did not answer it{silent}"
    if reply.http_status in (200, 415) and settings.profile is Profile.LIBEST:
        return (
            "libEST's manners do not suit it; --profile rfc sends what the RFC wants and reads what it allows"
        )
    if reply.http_status in _STATUS_ADVICE:
        return _STATUS_ADVICE[reply.http_status]
    return _ADVICE.get(failure.error, "look into the server's log for the reason")


def _about_authentication(reply: EstReply, server: EstServer) -> str:
    offered = {challenge.scheme for challenge in read_challenges(reply.challenges)}
    scheme = server.settings.auth
    if server.settings.proof_of_possession or "Proof" in str(reply.failure):
        return "check user and password; a TLS proxy in front of the server breaks proof of possession"
    if "digest" in offered and scheme is AuthScheme.BASIC:
        return "the server wants Digest: give --auth digest"
    if "basic" in offered and scheme is AuthScheme.DIGEST:
        return "the server offers Basic, not Digest: give --auth basic, if its password may travel so"
    if not server.user:
        return "give --est-user (and ESTORM_EST_PASSWORD), or --client-certificate"
    return "check --est-user and ESTORM_EST_PASSWORD; at an RA, whether it can log in at its CA"


def _about_handshake(failure: EnrollmentFailed, server: EstServer) -> str:
    words = failure.reason.lower().replace("_", " ")
    if "certificate" in words and ("local issuer" in words or "self" in words):
        return f"{server.trust_anchor} does not hold the CA of the server's certificate: name its root"
    if "expired" in words or "not yet valid" in words:
        return "the server's certificate is not valid now: renew it, or set this machine's clock"
    if "timed out" in words or "wrong version number" in words:
        return "something listens there and does not speak TLS: check the port"
    if "version" in words or "protocol" in words:
        return "the server speaks no TLS version that was allowed: change --tls-min or --tls-max"
    if "certificate required" in words or "handshake failure" in words:
        return "the server may want a client certificate: give --client-certificate and --client-key"
    return "see whether the port speaks TLS, and which versions (--tls-min, --tls-max)"
