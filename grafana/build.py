"""Writes the dashboards: `python -m grafana.build`. Needs the extra `test` (grafana-foundation-sdk)."""

import json
import sys
from pathlib import Path

from grafana_foundation_sdk.cog.encoder import JSONEncoder

from grafana.boards import capacity_runs, from_the_logs, ra_and_ca, renewal_night, timeout_tuning
from grafana.panels import Board, build

BOARDS: tuple[Board, ...] = (
    renewal_night.BOARD, ra_and_ca.BOARD, timeout_tuning.BOARD, capacity_runs.BOARD, from_the_logs.BOARD,
)  # fmt: skip
DASHBOARDS = Path(__file__).parent / "dashboards"


def encoded(made: Board) -> str:
    """The dashboard's JSON as it is kept."""
    return json.dumps(build(made), cls=JSONEncoder, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def main() -> None:
    """Write every dashboard; the paths go to standard output."""
    for made in BOARDS:
        path = DASHBOARDS / f"{made.name}.json"
        path.write_text(encoded(made), encoding="utf-8")
        sys.stdout.write(f"{path}\n")


if __name__ == "__main__":
    main()
