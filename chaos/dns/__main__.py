"""The DNS server's process: `python -m chaos.dns LAUNCH.json`."""

import sys

from chaos.dns.plan import DnsPartSettings
from chaos.dns.process import running
from testbed.part import main

if __name__ == "__main__":
    sys.exit(main(DnsPartSettings, running))
