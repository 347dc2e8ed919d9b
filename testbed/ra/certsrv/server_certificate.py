"""What CES finds wrong with the CA's certificate after OpenSSL has verified its chain, in curl's words.

The name is checked apart from OpenSSL because curl does so, and names the certificate's subject in its
message: that name is what an operator needs.
"""

import ipaddress

from cryptography import x509
from cryptography.x509.oid import NameOID

NO_ISSUER = "unable to get local issuer certificate"


def name_problem(certificate_der: bytes, host: str) -> str | None:
    """None when the certificate is for `host`, else curl's text for its code 51.

    DNS names match without case, with a wildcard as the whole leftmost label (RFC 6125 section 6.4.3). The
    common name counts only where no alternative name of the same kind is present.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    alternatives = _alternative_names(certificate)
    address = _ip_address(host)
    if address is not None:
        candidates = alternatives.get_values_for_type(x509.IPAddress) if alternatives else []
        if address in candidates:
            return None
    elif alternatives and (names := alternatives.get_values_for_type(x509.DNSName)):
        if any(_matches(name, host) for name in names):
            return None
    else:
        return _common_name_problem(certificate, host)
    return f"SSL: no alternative certificate subject name matches target host name '{host}'"


def issuer_problem(certificate_der: bytes) -> str | None:
    """None unless the certificate is self-signed with a key that may not sign certificates; else curl's text.

    IIS's own certificates are such. CES's OpenSSL 1.0.2 finds no issuer for them even where they are trusted;
    newer ones accept them.
    """
    certificate = x509.load_der_x509_certificate(certificate_der)
    if certificate.issuer != certificate.subject:
        return None
    try:
        usage = certificate.extensions.get_extension_for_class(x509.KeyUsage).value
    except (x509.ExtensionNotFound, ValueError):
        return None
    return None if usage.key_cert_sign else f"SSL certificate problem: {NO_ISSUER}"


def _common_name_problem(certificate: x509.Certificate, host: str) -> str | None:
    common_names = certificate.subject.get_attributes_for_oid(NameOID.COMMON_NAME)
    if not common_names:
        return "SSL: unable to obtain common name from peer certificate"
    name = str(common_names[-1].value)
    if _matches(name, host):
        return None
    return f"SSL: certificate subject name '{name}' does not match target host name '{host}'"


def _alternative_names(certificate: x509.Certificate) -> x509.SubjectAlternativeName | None:
    try:
        return certificate.extensions.get_extension_for_class(x509.SubjectAlternativeName).value
    except (x509.ExtensionNotFound, ValueError):
        return None


def _ip_address(host: str) -> ipaddress.IPv4Address | ipaddress.IPv6Address | None:
    try:
        return ipaddress.ip_address(host)
    except ValueError:
        return None


def _matches(pattern: str, host: str) -> bool:
    pattern, host = pattern.lower().rstrip("."), host.lower().rstrip(".")
    if pattern == host:
        return True
    wildcard, _, parent = pattern.partition(".")
    first, _, rest = host.partition(".")
    return wildcard == "*" and "." in parent and bool(first) and rest == parent
