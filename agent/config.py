"""An agent's settings: one YAML file per operator."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hourglass.bus.config import BusConfig
from hourglass.chain.account import KeyConfig
from hourglass.chain.config import ChainConfig
from hourglass.workflow.identifiers import Address


class OperatorSetConfig(BaseModel):
    """An operator set that this operator is in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    avs: str
    number: int = Field(ge=0, lt=2**32)

    @field_validator("avs")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return str(Address.parse(value))


class BlsKeyConfig(BaseModel):
    """The operator's BN254 key: a keystore and the file with its password."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keystore: Path
    password_file: Path | None = None


class AgentConfig(BaseModel):
    """Everything that `hourglass agent run` needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: ChainConfig
    bus: BusConfig
    operator_key: KeyConfig
    """secp256k1: names the operator and signs its observations."""
    bls_key: BlsKeyConfig
    journal: Path
    """Never delete it, never copy it back from a backup, never share it: it protects the operator's stake."""
    operator_sets: tuple[OperatorSetConfig, ...] = Field(min_length=1)
    workflows: tuple[str, ...] = Field(min_length=1)
    """Where the handlers are: "module:name" or "path/to/file.py:name"."""
    environment: dict[str, str] = {}
    """What the handlers' process sees besides PATH: never put the agent's own secrets here."""
    handler_timeout_s: float = Field(default=600.0, gt=0)
    """The longest that any handler may take, whatever the phase allows."""
