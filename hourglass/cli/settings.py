"""Reads YAML settings into their models; a wrong one is named with its remedy."""

from pathlib import Path
from typing import TypeVar

import yaml
from pydantic import BaseModel, ValidationError

from hourglass.errors import ConfigError
from hourglass.reasons import Reason

Model = TypeVar("Model", bound=BaseModel)


def load_settings(path: Path, model: type[Model]) -> Model:
    """The settings in this file. Raises ConfigError(INVALID_CONFIG), naming file and setting."""
    try:
        raw = yaml.safe_load(path.read_text("utf-8"))
    except OSError as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"{path}: {error.strerror}.") from error
    except (yaml.YAMLError, UnicodeDecodeError) as error:
        raise ConfigError(Reason.INVALID_CONFIG, f"{path} is no YAML: {error}") from error
    try:
        return model.model_validate(raw)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(str(part) for part in one['loc']) or 'the file'}: {one['msg']}"
            for one in error.errors()
        )
        raise ConfigError(Reason.INVALID_CONFIG, f"{path}: {wrong}.") from error


def read_secret_file(path: Path) -> bytes:
    """A key or password file. Raises ConfigError(KEY_UNUSABLE), naming the file only."""
    try:
        return path.read_bytes()
    except OSError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path}: {error.strerror}.") from error
