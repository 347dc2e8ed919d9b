"""The probe's metrics by name.

Names are the blackbox exporter's where it has them, so that its dashboards and alerts apply; EST's own begin
with `probe_est_`.
"""

from exporters.families import Family, Group, Kind, Label

PHASES = ("resolve", "connect", "tls", "processing", "transfer")
_EACH = "with each probe"

SUCCESS = Family(
    "probe_success", Kind.GAUGE, "1: cacerts came and, if asked for, an LSC that passed every check.", _EACH
)
DURATION = Family(
    "probe_duration_seconds", Kind.GAUGE, "Time of the whole probe, its look at the handshake included.",
    _EACH,
)  # fmt: skip
HTTP_STATUS = Family(
    "probe_http_status_code", Kind.GAUGE, "HTTP status of the last request's answer, 0 without one.", _EACH
)
PHASE_SECONDS = Family(
    "probe_http_duration_seconds", Kind.GAUGE, "Time of each phase of the last request, 0: not reached.",
    _EACH, (Label("phase", ", ".join(PHASES)),),
)  # fmt: skip
EST_ERROR = Family(
    "probe_est_error", Kind.GAUGE, "1 with libEST's name for the failure, `EST_ERR_NONE` for none.", _EACH,
    (Label("est_error", "libEST's name of the failure: `EST_ERR_SSL_READ`, 94 at most"),),
)  # fmt: skip
TLS_VERSION = Family(
    "probe_tls_version_info", Kind.INFO, "Which TLS was spoken; always 1.", "with each probe that got so far",
    (Label("version", "TLSv1.2 or TLSv1.3"),),
)  # fmt: skip
SERVER_EXPIRY = Family(
    "probe_ssl_earliest_cert_expiry", Kind.GAUGE,
    "When the first of the server's certificates ends, seen even if they are not trusted.",
    "as the server gets another",
)  # fmt: skip
CA_EXPIRY = Family(
    "probe_est_ca_earliest_cert_expiry", Kind.GAUGE,
    "When the first of the certificates ends that cacerts gave.", "as the CA gets another",
)  # fmt: skip
CA_CERTIFICATES = Family(
    "probe_est_ca_certificates", Kind.GAUGE, "How many certificates cacerts gave.", _EACH
)
ENROLLED_AT = Family(
    "probe_est_enrollment_timestamp_seconds", Kind.GAUGE, "When the last enrollment was made.",
    "with each enrollment, of a module that makes them",
)  # fmt: skip
ENROLLED_EXPIRY = Family(
    "probe_est_enrolled_cert_expiry", Kind.GAUGE, "When the certificate ends that was enrolled last.",
    "with each enrollment, of a module that makes them",
)  # fmt: skip

GROUP = Group(
    "estorm-est",
    "`estorm exporter est`, whose `/probe` tells of one EST server (docs/est-probe.md). These names are the "
    "blackbox exporter's, or begin with `probe_est_`; each is of one probe, so none is a counter.",
    (
        SUCCESS, DURATION, HTTP_STATUS, PHASE_SECONDS, EST_ERROR, TLS_VERSION, SERVER_EXPIRY, CA_EXPIRY,
        CA_CERTIFICATES, ENROLLED_AT, ENROLLED_EXPIRY,
    ),
)  # fmt: skip
