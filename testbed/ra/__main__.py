"""`python -m testbed.ra LAUNCH.json`: the RA as a part of the lab."""

import functools
import sys
from pathlib import Path

from testbed import part
from testbed.ra.process import running
from testbed.settings import RaPartSettings

if __name__ == "__main__":
    reread = functools.partial(part.read_settings, Path(sys.argv[1]), RaPartSettings)
    serving = functools.partial(running, reread=reread, acknowledge=part.acknowledge)
    sys.exit(part.main(RaPartSettings, serving))
