"""How a node reaches the chain."""

from pydantic import BaseModel, ConfigDict, Field, field_validator

from hourglass.workflow.identifiers import Address


class EigenLayerConfig(BaseModel):
    """Where operator tables are rebuilt from, if the verifier is EigenLayer's own: it keeps their roots only."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rpc_url: str | None = None
    """An endpoint of the chain where stake lives, which answers for blocks of the last days; else the one above."""
    key_registrar: str | None = None
    """Known for Ethereum's main network."""
    cross_chain_registry: str | None = None
    """Known for Ethereum's main network."""

    @field_validator("key_registrar", "cross_chain_registry")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return None if value is None else str(Address.parse(value))


class ChainConfig(BaseModel):
    """One endpoint and one state machine."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    rpc_url: str
    chain_id: int = Field(gt=0)
    """Checked against the endpoint's own answer before anything is signed."""
    state_machine: str
    """Address of the `WorkflowStateMachine` (its proxy)."""
    task_mailbox: str | None = None
    """Address of EigenLayer's `TaskMailbox` on this chain, where plain tasks are taken beside workflows."""
    eigenlayer: EigenLayerConfig | None = None
    """Set where the state machine's verifier is EigenLayer's, not a local network's `OperatorTable`."""
    poll_interval_s: float = Field(default=1.0, gt=0)
    confirmations: int = Field(default=0, ge=0)
    """Blocks that must stand on top of an event before it is acted on."""
    request_timeout_s: float = Field(default=10.0, gt=0)
    transaction_timeout_s: float = Field(default=120.0, gt=0)
    """How long to wait for a transaction to be mined."""
    max_fee_gwei: float = Field(default=500.0, gt=0)
    """No transaction is offered at more."""

    @field_validator("state_machine", "task_mailbox")
    @classmethod
    def _is_address(cls, value: str | None) -> str | None:
        return None if value is None else str(Address.parse(value))
