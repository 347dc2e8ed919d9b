"""Issued certificates in the shape that AD CS gives them."""

import datetime as dt
from collections.abc import Callable
from urllib.parse import quote

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import AuthorityInformationAccessOID, NameOID

from testbed import der
from testbed.ca.authority import Authority, pem
from testbed.ca.settings import CaSettings, TemplateSettings
from testbed.ca.submission import CertificateRequest

_TEMPLATE_V1 = x509.ObjectIdentifier("1.3.6.1.4.1.311.20.2")
_APPLICATION_POLICIES = x509.ObjectIdentifier("1.3.6.1.4.1.311.21.10")
_CLOCK_SLACK = dt.timedelta(minutes=10)
_TICK_MASK = 0xFFFFFFFF
_NO_USAGE = dict.fromkeys(
    ("key_cert_sign", "crl_sign", "encipher_only", "decipher_only"), False
)  # fmt: skip
_USAGES = (
    "digital_signature", "content_commitment", "key_encipherment", "data_encipherment", "key_agreement"
)  # fmt: skip


class Issuer:
    """Signs certificates for one CA; what its certificates have in common is built once."""

    def __init__(
        self, authority: Authority, settings: CaSettings, random_bytes: Callable[[int], bytes]
    ) -> None:
        self.authority, self._settings = authority, settings
        self._random_bytes = random_bytes
        self._common = _issuer_extensions(authority, settings)
        self._of_template = {each.name: _template_extensions(each) for each in settings.offered}
        # AD CS does not let a certificate outlive its issuer.
        self._last_moment = authority.certificate.not_valid_after_utc

    def issue(
        self,
        request: CertificateRequest,
        request_id: int,
        template: TemplateSettings,
        subject: x509.Name,
        names: x509.SubjectAlternativeName | None,
        now: dt.datetime,
    ) -> x509.Certificate:
        """The certificate for `request`; `subject` and `names` are what policy made of its own."""
        start = now.replace(microsecond=0) - _CLOCK_SLACK
        builder = (
            x509.CertificateBuilder()
            .serial_number(self._serial(request_id, now))
            .issuer_name(self.authority.certificate.subject)
            .subject_name(subject)
            .public_key(request.public_key)
            .not_valid_before(start)
            .not_valid_after(min(start + self._life(template), self._last_moment))
            .add_extension(x509.SubjectKeyIdentifier.from_public_key(request.public_key), critical=False)
        )
        for extension, critical in (*self._common, *self._of_template[template.name]):
            builder = builder.add_extension(extension, critical=critical)
        if names is not None:
            builder = builder.add_extension(names, critical=False)
        return builder.sign(self.authority.key, hashes.SHA256())

    def for_another_key(self, encoded: bytes) -> bytes:
        """The certificate `encoded` (DER or PEM) for a key that is nobody's; what is none is given back."""
        is_pem = encoded.startswith(b"-----BEGIN")
        try:
            load = x509.load_pem_x509_certificate if is_pem else x509.load_der_x509_certificate
            model = load(encoded)
        except ValueError:
            return encoded
        key = ec.generate_private_key(ec.SECP256R1()).public_key()
        builder = (
            x509.CertificateBuilder(extensions=list(model.extensions))
            .serial_number(model.serial_number)
            .issuer_name(model.issuer)
            .subject_name(model.subject)
            .public_key(key)
            .not_valid_before(model.not_valid_before_utc)
            .not_valid_after(model.not_valid_after_utc)
        )
        der_bytes = builder.sign(self.authority.key, hashes.SHA256()).public_bytes(serialization.Encoding.DER)
        return pem(der_bytes) if is_pem else der_bytes

    def _life(self, template: TemplateSettings) -> dt.timedelta:
        wanted = template.validity_days or self._settings.validity_days
        return dt.timedelta(days=min(wanted, self._settings.validity_days))

    def _serial(self, request_id: int, now: dt.datetime) -> int:
        key_index = bytes(2)
        number = request_id.to_bytes(4, "big")
        if self._settings.high_serial:
            head = self._settings.high_serial.to_bytes(1, "big")
            return int.from_bytes(head + number + self._random_bytes(8) + key_index + number, "big")
        # Bit 30 stands in for a machine that has been up a while: serials keep their ten bytes.
        ticks = (int(now.timestamp() * 1000) & _TICK_MASK >> 2) | 1 << 30
        return int.from_bytes(ticks.to_bytes(4, "big") + key_index + number, "big")


def directory_subject(account: str, settings: CaSettings) -> x509.Name:
    """The subject that AD CS builds from the directory when a template does not take the request's."""
    domains = [x509.NameAttribute(NameOID.DOMAIN_COMPONENT, part) for part in _domain_parts(settings)]
    common_name = x509.NameAttribute(NameOID.COMMON_NAME, account.partition("\\")[2])
    users = x509.NameAttribute(NameOID.COMMON_NAME, "Users")
    return x509.Name([*reversed(domains), users, common_name])


def _issuer_extensions(
    authority: Authority, settings: CaSettings
) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    public_services = ",".join(
        (
            "CN=Public%20Key%20Services,CN=Services,CN=Configuration",
            *(f"DC={p}" for p in _domain_parts(settings)),
        )
    )
    ca = quote(settings.name)
    crl = (
        f"ldap:///CN={ca},CN={ca},CN=CDP,{public_services}"
        "?certificateRevocationList?base?objectClass=cRLDistributionPoint"
    )
    aia = f"ldap:///CN={ca},CN=AIA,{public_services}?cACertificate?base?objectClass=certificationAuthority"
    urls = [crl, settings.http_crl_url] if settings.http_crl_url else [crl]
    point = x509.DistributionPoint([x509.UniformResourceIdentifier(url) for url in urls], None, None, None)
    ca_issuers = x509.AccessDescription(
        AuthorityInformationAccessOID.CA_ISSUERS, x509.UniformResourceIdentifier(aia)
    )
    key_id = x509.SubjectKeyIdentifier.from_public_key(authority.certificate.public_key())
    return (
        (x509.AuthorityKeyIdentifier(key_id.digest, None, None), False),
        (x509.CRLDistributionPoints([point]), False),
        (x509.AuthorityInformationAccess([ca_issuers]), False),
    )


def _template_extensions(template: TemplateSettings) -> tuple[tuple[x509.ExtensionType, bool], ...]:
    usages = {usage: usage in template.key_usages for usage in _USAGES}
    extensions: list[tuple[x509.ExtensionType, bool]] = [(x509.KeyUsage(**usages, **_NO_USAGE), True)]
    purposes = template.extended_key_usages
    if purposes:
        extensions.append((x509.ExtendedKeyUsage([x509.ObjectIdentifier(oid) for oid in purposes]), False))
    if template.version == 1:
        name = der.bmp_string(template.name)
        return (*extensions, (x509.UnrecognizedExtension(_TEMPLATE_V1, name), False))
    identity = x509.MSCertificateTemplate(
        x509.ObjectIdentifier(template.oid), template.major_version, template.minor_version
    )
    extensions.append((identity, False))
    if purposes:
        policies = der.sequence(*(der.sequence(der.oid(oid)) for oid in purposes))
        extensions.append((x509.UnrecognizedExtension(_APPLICATION_POLICIES, policies), False))
    return tuple(extensions)


def _domain_parts(settings: CaSettings) -> list[str]:
    return settings.dns_domain.split(".")
