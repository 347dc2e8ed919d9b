"""The TCP fault proxy's process: `python -m chaos.tcp LAUNCH.json`."""

import sys

from chaos.tcp.process import running
from chaos.tcp.settings import TcpPartSettings
from testbed.part import main

if __name__ == "__main__":
    sys.exit(main(TcpPartSettings, running))
