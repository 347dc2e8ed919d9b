"""The control of an experiment: starts its storm, and ends its faults and its storm whatever happened.

    controls:
      - name: estorm
        provider: {type: python, module: loadtests.experiments.control}

Of the configuration it reads `scenario`, and, if they are there, `run_folder`, `seed` and `settle_seconds`.
"""

import datetime as dt
import random
from collections.abc import Mapping, MutableMapping
from pathlib import Path

import msgspec
from chaoslib.exceptions import InterruptExecution

from chaos.errors import ChaosError
from loadtests.errors import LoadtestError
from loadtests.experiments.document import document_of, resolve_scenario
from loadtests.experiments.session import KEY, Session
from loadtests.storm.run_folder import RunFolder, new_run_path

_SETTLE_SECONDS = 0.3


def before_experiment_control(
    context: Mapping[str, object], configuration: MutableMapping[str, object]
) -> None:
    """Start the storm; the experiment is interrupted when it cannot be."""
    try:
        scenario = resolve_scenario(configuration, str(context["title"]))
        if configuration.get("seed") is not None:
            scenario = msgspec.structs.replace(scenario, seed=int(str(configuration["seed"])))
        out = configuration.get("run_folder")
        path = Path(str(out)) if out else new_run_path("chaos", dt.datetime.now(dt.UTC))
        folder = RunFolder(path.resolve())
        settle_seconds = float(str(configuration.get("settle_seconds", _SETTLE_SECONDS)))
        evidence = document_of(dict(context), Path("experiment")).evidence(configuration)
        session = Session(scenario.seeded(random.SystemRandom()), folder, settle_seconds, evidence)
        session.__enter__()
    except (LoadtestError, ChaosError) as error:
        raise InterruptExecution(str(error)) from error
    configuration[KEY] = session


def after_experiment_control(
    context: Mapping[str, object],  # noqa: ARG001 - Chaos Toolkit gives it by name
    configuration: MutableMapping[str, object],
    state: MutableMapping[str, object],
) -> None:
    """End everything, and leave the journal in the run folder."""
    session = configuration.pop(KEY, None)
    if not isinstance(session, Session):
        return
    try:
        session.close()
    finally:
        journal = msgspec.json.format(msgspec.json.encode(state, enc_hook=str), indent=2)
        (session.folder.path / "journal.json").write_bytes(journal + b"\n")
