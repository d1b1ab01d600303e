"""An aggregator's settings: one YAML file per node."""

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from aggregator.opening import Pace
from hourglass.bus.config import BusConfig
from hourglass.chain.account import KeyConfig
from hourglass.chain.config import ChainConfig
from hourglass.workflow.identifiers import Address


class PaceConfig(BaseModel):
    """How patient the aggregator is, in seconds; the defaults suit a public network."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    solicit_s: float = Field(default=2.0, gt=0)
    turn_s: float = Field(default=5.0, gt=0)
    gather_s: float = Field(default=0.1, ge=0)
    gather_any_s: float = Field(default=1.0, ge=0)
    recall_s: float = Field(default=5.0, gt=0)
    resubmit_s: float = Field(default=3.0, gt=0)

    def pace(self) -> Pace:
        """As the session takes it."""
        return Pace(**self.model_dump())


class ApiConfig(BaseModel):
    """Where the read-only status API listens. Loopback unless said otherwise."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=9000, ge=0, le=65_535)


class TasksConfig(BaseModel):
    """The plain tasks that the aggregator serves beside workflows, of the mailbox that `chain` names."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    avss: tuple[str, ...] = Field(min_length=1)
    """Whose tasks: the mailbox is shared by all AVSs of the chain."""

    @field_validator("avss")
    @classmethod
    def _are_addresses(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(str(Address.parse(value)) for value in values)


class AggregatorConfig(BaseModel):
    """Everything that `hourglass aggregator run` needs to know."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    chain: ChainConfig
    bus: BusConfig
    key: KeyConfig
    api: ApiConfig = ApiConfig()
    pace: PaceConfig = PaceConfig()
    tasks: TasksConfig | None = None

    @model_validator(mode="after")
    def _has_a_mailbox_for_tasks(self) -> "AggregatorConfig":
        if self.tasks is not None and self.chain.task_mailbox is None:
            raise ValueError(
                "`tasks` are served, but `chain.task_mailbox` names no mailbox to take them from"
            )
        return self
