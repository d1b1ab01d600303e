"""Loads a workflow from "module:name" or "path/to/file.py:name"."""

import importlib
import importlib.util
import sys
from pathlib import Path

from hourglass.errors import ConfigError
from hourglass.reasons import Reason
from hourglass.workflow.authoring import Workflow


def load_workflow(spec: str) -> Workflow:
    """The workflow. Raises ConfigError(UNKNOWN_NAME), or DefinitionError from the author's own code."""
    where, _, name = spec.rpartition(":")
    if not where or not name:
        raise ConfigError(Reason.UNKNOWN_NAME, f"Write {spec!r} as MODULE:NAME or FILE.py:NAME.")
    try:
        module = _from_file(Path(where)) if where.endswith(".py") else importlib.import_module(where)
    except (ImportError, OSError, SyntaxError) as error:
        raise ConfigError(Reason.UNKNOWN_NAME, f"{where} does not load: {error}.") from error
    workflow = getattr(module, name, None)
    if not isinstance(workflow, Workflow):
        found = [key for key, value in vars(module).items() if isinstance(value, Workflow)]
        raise ConfigError(
            Reason.UNKNOWN_NAME, f"{where} has no workflow {name!r}; it has {', '.join(found) or 'none'}."
        )
    return workflow


def _from_file(path: Path) -> object:
    spec = importlib.util.spec_from_file_location(path.stem, path.resolve())
    if spec is None or spec.loader is None:
        raise ImportError(f"{path} is no Python file")
    module = importlib.util.module_from_spec(spec)
    # Appended, so that the author's own `agent` or `messages` never shadows this project's.
    sys.path.append(str(path.resolve().parent))
    spec.loader.exec_module(module)
    return module
