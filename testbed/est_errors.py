"""libEST's error codes, as the CAPF trace and the RA's log print them.

Numbers are libEST 3.2.0's. Up to 54 they are those of 2.x too, the version in the field; from 55 on they
differ between versions, so match on the name.
"""

import enum


class EstError(enum.IntEnum):
    """One EST_ERROR; `str()` gives the name as the logs print it, `EST_ERR_...`."""

    NONE = 0
    NO_CTX = 1
    NO_CSR = 2
    NO_CERT = 3
    NO_KEY = 4
    INVALID_PARAMETERS = 5
    LOAD_CACERTS = 6
    LOAD_TRUST_CERTS = 7
    BAD_MODE = 8
    BAD_PKCS10 = 9
    HTTP_WRITE = 10
    HTTP_UNSUPPORTED = 11
    HTTP_CANNOT_BUILD_HEADER = 12
    HTTP_BAD_REQ = 13
    HTTP_NOT_FOUND = 14
    HTTP_NO_CONTENT = 15
    HTTP_LOCKED = 16
    HTTP_INVALID_PATH_SEGMENT = 17
    HTTP_PATH_SEGMENT_NOT_SUPPORTED = 18
    BAD_CONTENT_TYPE = 19
    BAD_CONTENT_LEN = 20
    NO_SSL_CTX = 21
    AUTH_FAIL = 22
    AUTH_FAIL_TLSUID = 23
    AUTH_PENDING = 24
    CA_ENROLL_FAIL = 25
    CA_ENROLL_RETRY = 26
    WRONG_METHOD = 27
    X509_SIGN = 28
    X509_VER = 29
    X509_CN = 30
    X509_ATTR = 31
    X509_PUBKEY = 32
    MALLOC = 33
    SSL_WRITE = 34
    SSL_READ = 35
    SSL_NEW = 36
    SSL_CTX_NEW = 37
    SSL_CONNECT = 38
    SSL_CIPHER_LIST = 39
    PEM_READ = 40
    NULL_CALLBACK = 41
    IP_GETADDR = 42
    IP_CONNECT = 43
    INVALID_SERVER_NAME = 44
    INVALID_PORT_NUM = 45
    CLIENT_INVALID_KEY = 46
    CLIENT_NOT_INITIALIZED = 47
    ZERO_LENGTH_BUF = 48
    READ_BUFFER_TOO_SMALL = 49
    BUF_EXCEEDS_MAX_LEN = 50
    NO_CERTIFICATE = 51
    NO_CERTS_FOUND = 52
    FQDN_MISMATCH = 53
    SYSCALL = 54
    ALREADY_ENABLED = 55
    ALREADY_DISABLED = 56
    CSR_ALREADY_SIGNED = 57
    CSR_ATTR_MISSING = 58
    INVALID_DIGEST = 59
    CACERT_VERIFICATION = 60
    INVALID_TOKEN = 61
    INVALID_RETRY_VALUE = 62
    BAD_X509 = 63
    BAD_BASE64 = 64
    BAD_ASN1_HEX = 65
    BAD_ASN1_HEX_TOO_SHORT = 66
    BAD_ASN1_HEX_TOO_LONG = 67
    SRP_STRENGTH_LOW = 68
    SRP_USERID_BAD = 69
    SRP_PWD_BAD = 70
    CB_FAILED = 71
    CLIENT_PROXY_MODE_NOT_SUPPORTED = 72
    INVALID_CLIENT_PROXY_PROTOCOL = 73
    INVALID_CLIENT_PROXY_AUTH = 74
    CLIENT_BRSKI_MODE_NOT_SUPPORTED = 75
    CLIENT_COAP_MODE_NOT_SUPPORTED = 76
    CLIENT_BRSKI_NO_VOUCHER = 77
    CLIENT_BRSKI_NONCE_MISSING = 78
    CLIENT_BRSKI_NONCE_MISMATCH = 79
    CLIENT_BRSKI_NONCE_TOO_LARGE = 80
    CLIENT_BRSKI_SERIAL_NUM_MISSING = 81
    CLIENT_BRSKI_SERIAL_NUM_MISMATCH = 82
    CLIENT_BRSKI_SERIAL_NUM_TOO_LARGE = 83
    CLIENT_BRSKI_VOUCHER_VERIFY_FAILED = 84
    BAD_KEY = 85
    MULTIPART_PARSE = 86
    ENC_PRIV_KEY_CMS = 87
    CMS_TYPE_CONVERSION = 88
    EXPORT_KEY_MATERIAL = 89
    VALIDATION = 90
    COAP_INIT_FAIL = 91
    COAP_PROCESSING_ERROR = 92
    SERVER_ALREADY_OPERATIONAL = 93
    UNKNOWN = 94

    def __str__(self) -> str:
        return f"EST_ERR_{self.name}"

    def __format__(self, spec: str) -> str:
        return format(str(self), spec)


# What libEST's client makes of an answer with each status but 200 and 202: measured on libEST 3.2.0.
_BY_STATUS = {
    204: EstError.HTTP_NO_CONTENT,
    400: EstError.HTTP_BAD_REQ,
    401: EstError.AUTH_FAIL,
    404: EstError.HTTP_NOT_FOUND,
    423: EstError.HTTP_LOCKED,
}


def error_of_status(status: int) -> EstError:
    """What libEST's client returns for an answer with this status, neither 200 nor 202."""
    return _BY_STATUS.get(status, EstError.UNKNOWN)
