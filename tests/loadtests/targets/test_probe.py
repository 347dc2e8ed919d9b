"""What a probe says of servers that behave and of servers that do not."""

import contextlib
import io
import ssl
from collections.abc import Callable, Iterator
from pathlib import Path

import msgspec
import pytest

from loadtests.est.client import EstTarget
from loadtests.est.reply import Profile
from loadtests.est.tls_settings import TlsVersion
from loadtests.scenario import KeyType
from loadtests.storm.generator import EstServer as Target
from loadtests.targets.probe import Finding, Probe
from loadtests.targets.probe_command import explain
from loadtests.targets.settings import TargetSettings
from testbed.web.messages import Request, Response
from tests.loadtests.est_server import EstServer, LabCa, make_ca, running_est_server
from tests.loadtests.peers import tcp_peer
from tests.loadtests.targets.test_est_targets import guarded_by_digest

STEPS = ["TLS", "cacerts", "csrattrs", "authentication", "enrollment"]
ANYBODY = TargetSettings()


def target(server: EstServer, settings: TargetSettings = ANYBODY, *, user: str = "") -> Target:
    where = EstTarget("127.0.0.1", server.port)
    return Target(where, server.ca.trust_anchor, user, "secret", settings)


def probed(at: Target) -> list[Finding]:
    return list(Probe(at, KeyType.P_256).findings())


def text(finding: Finding) -> str:
    return "\n".join(finding.seen)


@pytest.fixture
def with_attributes(est_server: EstServer) -> EstServer:
    """A server that answers csrattrs and serves anybody."""
    est_server.handle = attributes_of(est_server, est_server.est)
    return est_server


def attributes_of(server: EstServer, otherwise: Callable[[Request], object]) -> Callable[[Request], Response]:
    def respond(request: Request) -> Response:
        if request.path.endswith("/csrattrs"):
            kind = (("Content-Type", "application/csrattrs"),)
            return Response(200, kind, b"MAsGCSqGSIb3DQEJBw==")  # challengePassword
        if request.method == "GET":
            return server.est(request)
        answer = otherwise(request)
        assert isinstance(answer, Response)
        return answer

    return respond


def test_an_open_server_is_walked_through_with_one_certificate(with_attributes: EstServer) -> None:
    findings = probed(target(with_attributes))
    assert [finding.step for finding in findings] == STEPS
    assert [finding.advice for finding in findings] == [""] * 5
    tls, cacerts, csrattrs, authentication, enrollment = map(text, findings)
    assert "TLSv1.3" in tls
    assert "for localhost, 127.0.0.1" in tls
    assert "CN=TEST-CA" in cacerts
    assert "issued by itself" in cacerts
    assert "give --pop" in csrattrs
    assert "without HTTP credentials was served" in authentication
    assert "in all" in enrollment
    assert "serial " in enrollment
    assert sum(request.method == "POST" for request in with_attributes.requests) == 1


def test_a_server_that_wants_digest_and_gets_it_enrolls(est_server: EstServer) -> None:
    guarded_by_digest(est_server, "SHA-256")
    guarded = est_server.handle
    assert guarded is not None
    est_server.handle = attributes_of(est_server, guarded)
    settings = msgspec.convert({"auth": "digest"}, TargetSettings)
    findings = probed(target(est_server, settings, user="capf"))
    assert text(findings[3]) == 'offered: Digest SHA-256 for realm "est"'
    assert not findings[-1].failed


def refusing(response: Response) -> Callable[[EstServer], None]:
    def behave(server: EstServer) -> None:
        server.handle = attributes_of(server, lambda _: response)

    return behave


BASIC = (("WWW-Authenticate", 'Basic realm="x"'),)
DIGEST = (("WWW-Authenticate", 'Digest realm="x", nonce="n"'),)


@pytest.mark.parametrize(
    ("response", "settings", "user", "advice"),
    [
        (Response(401, BASIC), {}, "", "give --est-user"),
        (Response(401, BASIC), {}, "capf", "check --est-user and ESTORM_EST_PASSWORD"),
        (Response(401, DIGEST), {}, "capf", "give --auth digest"),
        (Response(401, BASIC), {"auth": "digest"}, "capf", "give --auth basic"),
        (Response(404), {}, "capf", "check the path segment"),
        (Response(415), {"profile": "libest"}, "capf", "--profile rfc"),
        (Response(429), {}, "capf", "its limits"),
        (
            Response(302, (("Location", "https://est.example.com/"),)),
            {},
            "capf",
            "the server points elsewhere",
        ),
        (
            Response(200, (("Content-Type", "text/html"),), b"<html>"),
            {},
            "capf",
            "no answer of an EST server",
        ),
        (Response(202, (("Retry-After", "600"),)), {}, "capf", "let it issue by itself"),
        (Response(500), {}, "capf", "look into the server's log"),
    ],
)
def test_a_refusal_says_what_to_change(
    est_server: EstServer, response: Response, settings: dict[str, str], user: str, advice: str
) -> None:
    refusing(response)(est_server)
    findings = probed(target(est_server, msgspec.convert(settings, TargetSettings), user=user))
    assert [finding.step for finding in findings if finding.failed] == [findings[-1].step]
    assert advice in findings[-1].advice


def test_an_untrusted_server_is_shown_and_its_root_asked_for(lab_ca: LabCa, tmp_path: Path) -> None:
    stranger = make_ca(tmp_path)
    with running_est_server(stranger) as server:
        at = trusting(target(server), lab_ca.trust_anchor)
        findings = probed(at)
    assert [finding.step for finding in findings] == ["TLS", "cacerts"]
    assert "TEST-CA" in text(findings[0])
    assert "name its root" in findings[-1].advice


def trusting(at: Target, anchor: Path) -> Target:
    return Target(at.target, anchor, at.user, at.password, at.settings)


def test_no_tls_version_in_common_is_said(lab_ca: LabCa) -> None:
    context = lab_ca.server_tls
    context.maximum_version = ssl.TLSVersion.TLSv1_2
    with running_est_server(lab_ca, context) as server:
        findings = probed(target(server, TargetSettings(tls_minimum=TlsVersion.TLS_1_3)))
    assert "no handshake" in text(findings[0])
    assert "--tls-min" in findings[-1].advice


def test_a_port_without_tls_and_a_port_without_anybody_are_said(lab_ca: LabCa) -> None:
    with tcp_peer(lambda connection, _: connection.sendall(b"220 mail\r\n" * 10)) as port:
        spoken = probed(Target(EstTarget("127.0.0.1", port), lab_ca.trust_anchor, "", "", ANYBODY))
    assert "no handshake" in text(spoken[0])
    assert "does not speak TLS: check the port" in spoken[-1].advice
    nobody = probed(Target(EstTarget("127.0.0.1", 1), lab_ca.trust_anchor, "", "", ANYBODY))
    assert "Connection refused" in text(nobody[0])
    assert "nobody listens there" in nobody[-1].advice


def test_libests_profile_tells_of_the_rfcs(est_server: EstServer) -> None:
    def loosely(request: Request) -> Response:
        good = est_server.est(request)
        return Response(200, (("Content-Type", "application/pkcs7-mime"),), good.body)

    est_server.handle = attributes_of(est_server, loosely)
    findings = probed(target(est_server, TargetSettings(profile=Profile.LIBEST)))
    assert "--profile rfc" in findings[-1].advice
    assert not probed(target(est_server))[-1].failed


def test_proof_of_possession_reaches_the_server(with_attributes: EstServer) -> None:
    findings = probed(target(with_attributes, TargetSettings(proof_of_possession=True)))
    assert not findings[-1].failed
    session = with_attributes.peers[-1].tls
    assert session is not None
    assert session.version() == "TLSv1.2"


def test_the_explanation_ends_with_a_verdict(with_attributes: EstServer) -> None:
    with printed() as output:
        assert explain(Probe(target(with_attributes), KeyType.P_256))
    assert output.getvalue().endswith("a phone can enroll\n")
    refusing(Response(500))(with_attributes)
    with printed() as output:
        assert not explain(Probe(target(with_attributes), KeyType.P_256))
    assert "\nFAILED authentication\n" in output.getvalue()
    assert output.getvalue().endswith("a phone cannot enroll\n")


@contextlib.contextmanager
def printed() -> Iterator[io.StringIO]:
    output = io.StringIO()
    with contextlib.redirect_stdout(output):
        yield output
