"""`python -m testbed.ra LAUNCH.json`: the RA as a part of the lab."""

import sys

from testbed import part
from testbed.ra.process import running
from testbed.settings import RaPartSettings

if __name__ == "__main__":
    sys.exit(part.main(RaPartSettings, running))
