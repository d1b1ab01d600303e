"""An agent's settings: one YAML file per operator."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from agent.performers.config import PerformerConfig
from hourglass.bus.config import BusConfig
from hourglass.cerberus.config import CerberusConfig
from hourglass.chain.account import KeyConfig
from hourglass.chain.config import ChainConfig
from hourglass.workflow.identifiers import Address


class BlsKeyConfig(BaseModel):
    """A BN254 key: a keystore and the file with its password, or a key that a Cerberus server keeps."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    keystore: Path | None = None
    password_file: Path | None = None
    cerberus: CerberusConfig | None = None

    @model_validator(mode="after")
    def _is_in_one_place(self) -> "BlsKeyConfig":
        if (self.keystore is None) == (self.cerberus is None):
            raise ValueError("a BLS key is in a keystore or with a cerberus: name one of the two")
        if self.password_file is not None and self.keystore is None:
            raise ValueError("this password_file is for a keystore; cerberus has its own")
        return self


class OperatorSetConfig(BaseModel):
    """An operator set that this operator is in."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    avs: str
    number: int = Field(ge=0, lt=2**32)
    bls_key: BlsKeyConfig | None = None
    """The operator's key in this set, where it is not the one above: a key can be registered in one set only."""
    ecdsa_key: KeyConfig | None = None
    """The operator's secp256k1 key in this set, where the set signs on ECDSA."""

    @field_validator("avs")
    @classmethod
    def _is_address(cls, value: str) -> str:
        return str(Address.parse(value))


class AgentConfig(BaseModel):
    """Everything that `hourglass agent run` needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: ChainConfig
    bus: BusConfig
    operator_key: KeyConfig
    """secp256k1: names the operator and signs its observations."""
    bls_key: BlsKeyConfig | None = None
    """The BN254 key of the operator sets that name none of their own."""
    journal: Path
    """Never delete it, never copy it back from a backup, never share it: it protects the operator's stake."""
    operator_sets: tuple[OperatorSetConfig, ...] = Field(min_length=1)
    workflows: tuple[str, ...] = ()
    """Where Python handlers are: "module:name" or "path/to/file.py:name"."""
    performer: PerformerConfig | None = None
    """A gRPC performer, for plain tasks and for the phases that none of the `workflows` defines."""
    environment: dict[str, str] = {}
    """What the handlers' process sees besides PATH: never put the agent's own secrets here."""
    handler_timeout_s: float = Field(default=600.0, gt=0)
    """The longest that any handler may take, whatever the phase allows."""

    @model_validator(mode="after")
    def _can_work(self) -> "AgentConfig":
        if not self.workflows and self.performer is None:
            raise ValueError("it has no code to run: name workflows, a performer, or both")
        return self

    @model_validator(mode="after")
    def _has_every_key(self) -> "AgentConfig":
        for one in self.operator_sets:
            if one.bls_key is None and one.ecdsa_key is None and self.bls_key is None:
                raise ValueError(
                    f"operator set {one.number} has no bls_key or ecdsa_key, and there is none for all"
                )
        return self
