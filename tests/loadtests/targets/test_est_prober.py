import base64
import random
import re
import socket
import time
from pathlib import Path

import msgspec
import pytest
from cryptography import x509
from cryptography.x509.oid import NameOID

from exporters.est.endpoint import TargetRefusedError
from loadtests.est.client import parse_target
from loadtests.targets.est_prober import EstProber
from loadtests.targets.probe_modules import ProbeModule, ProbeOperation
from loadtests.targets.settings import TargetSettings
from testbed.web.messages import Response
from tests.loadtests.est_server import EstServer, make_ca


def module(
    server: EstServer, operation: ProbeOperation = ProbeOperation.CACERTS, **more: object
) -> ProbeModule:
    settings = TargetSettings(trust_anchor=str(server.ca.trust_anchor))
    return msgspec.structs.replace(ProbeModule(operation=operation, server=settings), **more)


def prober(made: ProbeModule, *targets: str) -> EstProber:
    allowed = frozenset(map(parse_target, targets))
    return EstProber(made, allowed, time.time, random.Random(1))


def test_cacerts_are_asked_for_and_what_expires_is_known(est_server: EstServer) -> None:
    seen = prober(module(est_server), est_server.url).probe(est_server.url, 5)
    assert seen.success
    assert seen.est_error == "EST_ERR_NONE"
    assert seen.http_status == 200
    assert seen.tls_version == "TLSv1.3"
    assert seen.ca_certificates == 1
    assert seen.ca_expires == est_server.ca.certificate.not_valid_after_utc.timestamp()
    server_certificate = x509.load_pem_x509_certificate(est_server.ca.server.certificate_path.read_bytes())
    assert seen.server_expires == server_certificate.not_valid_after_utc.timestamp()
    assert set(seen.phases) == {"resolve", "connect", "tls", "processing", "transfer"}
    assert seen.duration_seconds >= sum(seen.phases.values()) > 0
    assert [request.method for request in est_server.requests] == ["GET"]


def test_an_enrollment_is_made_once_in_its_interval_however_often_it_is_scraped(
    est_server: EstServer,
) -> None:
    at_work = prober(module(est_server, ProbeOperation.ENROLL, interval_seconds=60.0), est_server.url)
    first = at_work.probe(est_server.url, 5)
    assert first.success
    assert first.enrolled is not None
    assert first.enrolled.expires > first.enrolled.at
    assert at_work.probe(est_server.url, 5) is first
    assert [request.method for request in est_server.requests] == ["GET", "POST"]


def test_an_enrollment_whose_interval_is_over_is_made_again(est_server: EstServer) -> None:
    at_work = prober(module(est_server, ProbeOperation.ENROLL, interval_seconds=0.0), est_server.url)
    at_work.probe(est_server.url, 5)
    at_work.probe(est_server.url, 5)
    assert [request.method for request in est_server.requests].count("POST") == 2


def test_a_refused_enrollment_says_status_and_error(est_server: EstServer) -> None:
    est_server.handle = lambda request: est_server.est(request) if request.method == "GET" else Response(401)
    seen = prober(module(est_server, ProbeOperation.ENROLL), est_server.url).probe(est_server.url, 5)
    assert not seen.success
    assert (seen.http_status, seen.est_error) == (401, "EST_ERR_AUTH_FAIL")
    assert seen.ca_certificates == 1


def test_a_server_that_is_not_trusted_still_shows_when_its_certificate_ends(
    est_server: EstServer, tmp_path: Path
) -> None:
    foreign = TargetSettings(trust_anchor=str(make_ca(tmp_path).trust_anchor))
    seen = prober(ProbeModule(server=foreign), est_server.url).probe(est_server.url, 5)
    assert not seen.success
    assert seen.est_error == "EST_ERR_SSL_CONNECT"
    assert seen.server_expires is not None
    assert "processing" not in seen.phases


def test_a_port_that_nobody_listens_on_is_a_failed_probe(est_server: EstServer) -> None:
    with socket.create_server(("127.0.0.1", 0)) as closed:
        port = closed.getsockname()[1]
    seen = prober(module(est_server)).probe(f"https://127.0.0.1:{port}", 5)
    assert seen.est_error == "EST_ERR_IP_CONNECT"
    assert seen.http_status == 0


def test_only_listed_targets_may_be_probed(est_server: EstServer) -> None:
    at_work = prober(module(est_server), "https://ra.example:8084", "https://other.example/phones")
    for fine in (
        "https://ra.example:8084",
        "https://ra.example:8084/any",
        "https://other.example:443/phones",
    ):
        at_work.check(fine)
    for strange in (
        "https://ra.example", "https://other.example", "https://other.example/other", "https://127.0.0.1:8084",
        "https://ra.example:8084@evil.example",
    ):  # fmt: skip
        with pytest.raises(TargetRefusedError) as refused:
            at_work.check(strange)
        assert not refused.value.allowed
    with pytest.raises(TargetRefusedError, match="must be https") as refused:
        at_work.check("file:///etc/passwd")
    assert refused.value.allowed


def test_any_target_may_be_probed_where_the_configuration_says_so(est_server: EstServer) -> None:
    prober(module(est_server, any_target=True)).check("https://anything.example")


def test_the_phone_that_enrolls_is_no_real_device(est_server: EstServer) -> None:
    prober(module(est_server, ProbeOperation.ENROLL), est_server.url).probe(est_server.url, 5)
    asked = x509.load_der_x509_csr(base64.b64decode(est_server.requests[-1].body))
    (name,) = asked.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    assert re.fullmatch(r"SEP[0-9A-F][26AE][0-9A-F]{10}", str(name.value))
