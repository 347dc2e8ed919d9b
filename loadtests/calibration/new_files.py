"""Files that a command leaves: none is replaced, and none is left without the others."""

import contextlib
import os
from collections.abc import Collection, Mapping
from pathlib import Path

from loadtests.errors import ScenarioError
from testbed.errors import reason


def check_new(paths: Collection[Path]) -> None:
    """ScenarioError for one that is there already, is named twice, or could not be made."""
    for path in paths:
        if path.exists():
            raise ScenarioError(f"{path} exists already; name another file, or remove it")
        if not path.parent.is_dir():
            raise ScenarioError(f"{path} cannot be written: there is no folder {path.parent}")
        if not os.access(path.parent, os.W_OK | os.X_OK):
            raise ScenarioError(f"{path} cannot be written: no permission to write to {path.parent}")
    if len({path.resolve() for path in paths}) < len(paths):
        raise ScenarioError(f"{', '.join(map(str, paths))} are the same file; name two")


def write_new(texts: Mapping[Path, str]) -> None:
    """Write all of these new files, or none. ScenarioError for one that is there or cannot be written."""
    with contextlib.ExitStack() as failed:
        for path, text in texts.items():
            try:
                with path.open("x", encoding="utf-8") as file:
                    failed.callback(path.unlink, missing_ok=True)
                    file.write(text)
            except OSError as error:
                raise ScenarioError(f"{path} cannot be written: {reason(error)}") from error
        failed.pop_all()
