"""Settings of the RA. The defaults are the documented values of CES (CSCvo58656: every timer is 10 s)."""

from testbed.bounds import Name, Port, Seconds, Settings


class RaTimers(Settings, frozen=True):
    """How long the RA waits for the CA, per curl call. One call is one URL, NTLM's two legs included."""

    connect_seconds: Seconds = 10.0
    login_seconds: Seconds = 10.0
    form_seconds: Seconds = 10.0
    submit_seconds: Seconds = 10.0
    download_seconds: Seconds = 10.0


class RaSettings(Settings, frozen=True):
    """The RA: where it listens, which template it asks for, how long it waits."""

    port: Port = 0
    template: Name = "CiscoRA"
    realm: Name = "estrealm"
    est_user: Name = "capf"
    timers: RaTimers = RaTimers()
