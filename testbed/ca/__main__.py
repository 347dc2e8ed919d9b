"""The CA's process: `python -m testbed.ca LAUNCH.json`."""

import functools
import sys
from pathlib import Path

from testbed import part
from testbed.ca.process import running
from testbed.settings import CaPartSettings

if __name__ == "__main__":
    reread = functools.partial(part.read_settings, Path(sys.argv[1]), CaPartSettings)
    serving = functools.partial(running, reread=reread, acknowledge=part.acknowledge)
    sys.exit(part.main(CaPartSettings, serving))
