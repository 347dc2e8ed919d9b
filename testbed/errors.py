"""What the testbed can fail with.

TestbedError
├── SettingsError     a setting is wrong: names the setting, its value and what to do
├── PkiError          a key or certificate cannot be made, read or written
├── PartFailed        a part of the lab did not start, or ended by itself
├── DatabaseError     the CA's database cannot be opened or written
└── NtlmError         bytes that should be an NTLM message are not one
"""


class TestbedError(Exception):
    """The testbed cannot do what was asked; the text is one line that says why and what to do."""

    __test__ = False


class SettingsError(TestbedError):
    """A setting has a value that cannot be used."""


class PkiError(TestbedError):
    """A key or certificate cannot be made, read or written."""


class PartFailed(TestbedError):
    """A part of the lab did not become ready, or ended without being asked to."""


class DatabaseError(TestbedError):
    """The CA's database cannot be opened or written."""


class NtlmError(TestbedError):
    """Bytes that should be an NTLM message are not one."""
