"""The CA's process: `python -m testbed.ca LAUNCH.json`."""

import sys

from testbed.ca.process import running
from testbed.part import main
from testbed.settings import CaPartSettings

if __name__ == "__main__":
    sys.exit(main(CaPartSettings, running))
