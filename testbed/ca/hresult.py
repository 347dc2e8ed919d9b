"""The status codes that AD CS and IIS write, as unsigned numbers (MS-ERREF, certsrv's error table)."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Hresult:
    """One code: its number, symbol and text."""

    code: int
    symbol: str
    text: str

    @property
    def hex(self) -> str:
        """`0x80094800`."""
        return f"0x{self.code:08x}"

    @property
    def signed(self) -> int:
        """The number as COM clients show it, negative for failures."""
        return self.code - (1 << 32) if self.code & 0x80000000 else self.code


SUCCESS = Hresult(0, "ERROR_SUCCESS", "The operation completed successfully.")
BAD_SUBJECT = Hresult(
    0x80094001, "CERTSRV_E_BAD_REQUESTSUBJECT", "The request subject name is invalid or too long."
)
PROPERTY_EMPTY = Hresult(0x80094004, "CERTSRV_E_PROPERTY_EMPTY", "The requested property value is empty.")
SUSPENDED = Hresult(
    0x80094006,
    "CERTSRV_E_SERVER_SUSPENDED",
    "Certificate service has been suspended for a database restore operation.",
)
NO_DB_SESSIONS = Hresult(
    0x8009400F,
    "CERTSRV_E_NO_DB_SESSIONS",
    "An attempt was made to open a Certification Authority database session, but there are already too "
    "many active sessions. The server may need to be configured to allow additional sessions.",
)
ENROLL_DENIED = Hresult(
    0x80094011,
    "CERTSRV_E_ENROLL_DENIED",
    "The permissions on this certification authority do not allow the current user to enroll for "
    "certificates.",
)
TEMPLATE_DENIED = Hresult(
    0x80094012,
    "CERTSRV_E_TEMPLATE_DENIED",
    "The permissions on the certificate template do not allow the current user to enroll for this type of "
    "certificate.",
)
REFUSED_BY_OFFICER = Hresult(
    0x80094014,
    "CERTSRV_E_ADMIN_DENIED_REQUEST",
    "The request was denied by a certificate manager or CA administrator.",
)
UNSUPPORTED_TEMPLATE = Hresult(
    0x80094800,
    "CERTSRV_E_UNSUPPORTED_CERT_TYPE",
    "The requested certificate template is not supported by this CA.",
)
NO_TEMPLATE = Hresult(
    0x80094801, "CERTSRV_E_NO_CERT_TYPE", "The request contains no certificate template information."
)
KEY_LENGTH = Hresult(
    0x80094811,
    "CERTSRV_E_KEY_LENGTH",
    "The public key does not meet the minimum size required by the specified certificate template.",
)
KEY_TYPE = Hresult(0x80090008, "NTE_BAD_ALGID", "Invalid algorithm specified.")
BAD_SIGNATURE = Hresult(0x80090006, "NTE_BAD_SIGNATURE", "Invalid Signature.")
ASN1_CORRUPT = Hresult(0x80093102, "CRYPT_E_ASN1_EOD", "ASN1 unexpected end of data.")
DISK_FULL = Hresult(0x80070070, "ERROR_DISK_FULL", "There is not enough space on the disk.")
FAILURE = Hresult(0x80004005, "E_FAIL", "Unspecified error.")
INVALID_ARGUMENT = Hresult(0x80070057, "E_INVALIDARG", "The parameter is incorrect.")

ALL = (
    BAD_SUBJECT, PROPERTY_EMPTY, SUSPENDED, NO_DB_SESSIONS, ENROLL_DENIED, TEMPLATE_DENIED,
    REFUSED_BY_OFFICER, UNSUPPORTED_TEMPLATE, NO_TEMPLATE, KEY_LENGTH, KEY_TYPE, BAD_SIGNATURE, ASN1_CORRUPT,
    INVALID_ARGUMENT, DISK_FULL,
)  # fmt: skip

# Win32 status of IIS rows (section «sc-win32-status»): SSPI codes for NTLM, logon codes for Basic.
ACCESS_DENIED = 5
CLIENT_GONE = 64
SEC_E_INVALID_TOKEN = 0x80090308
SEC_E_LOGON_DENIED = 0x8009030C
SEC_E_NO_CREDENTIALS = 0x8009030E
SEC_E_BAD_BINDINGS = 0x80090346
LOGON_FAILURE = 1326
PASSWORD_EXPIRED = 1330
PASSWORD_MUST_CHANGE = 1907
ACCOUNT_LOCKED_OUT = 1909
