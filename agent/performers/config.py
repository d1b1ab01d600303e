"""How an agent reaches a gRPC performer, or starts it."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator


class ContainerConfig(BaseModel):
    """A container that the agent starts, watches, starts again and removes."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    image: str = Field(min_length=1)
    """`repository@sha256:…`, or `repository:tag`. Pulled if the engine does not have it."""
    port: int = Field(default=8080, gt=0, lt=2**16)
    """Where the performer listens inside."""
    environment: dict[str, str] = {}
    """What it sees besides the image's own: never put the agent's own secrets here."""
    network: str | None = None
    """A network of the engine that the agent is in, too; without it a port of this machine's loopback is used."""
    memory_mib: int = Field(default=2_048, ge=8)
    """With more it is killed, and started again."""
    processes: int = Field(default=512, ge=1)
    """The most processes and threads that it may have."""
    writable: bool = False
    """May it write to its root file system? To /tmp it always may."""

    @field_validator("image")
    @classmethod
    def _is_one_image(cls, value: str) -> str:
        # Of a bare name an engine pulls every tag.
        if "@" not in value and ":" not in value.rpartition("/")[2]:
            raise ValueError("name the image's digest or its tag")
        return value


class PerformerConfig(BaseModel):
    """A gRPC performer: one that is there already, or a container or a command that the agent starts."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str | None = None
    """host:port where it listens; also of a `command`."""
    ca_file: Path | None = None
    """PEM certificates that vouch for it. Without it there is no TLS: then let it listen on this machine only."""
    command: tuple[str, ...] = ()
    """Started by the agent, and again whenever it ends. It has to listen at `address`."""
    environment: dict[str, str] = {}
    """What the command sees besides what handlers of Python workflows do: never put the agent's own secrets here."""
    container: ContainerConfig | None = None
    idempotent: bool = False
    """May it be asked the same again if the connection breaks while it works? Otherwise that is reported."""
    patience_s: float = Field(default=5.0, gt=0)
    """How long work waits for it to serve, before the aggregator is told that it does not, and asks again."""
    health_interval_s: float = Field(default=15.0, gt=0)
    """How often its health is checked."""
    unhealthy_after: int = Field(default=3, ge=1)
    """What the agent started is ended and started again after so many failed checks in a row."""
    start_timeout_s: float = Field(default=60.0, gt=0)
    """How long what the agent started may take until it serves."""

    @field_validator("address")
    @classmethod
    def _has_host_and_port(cls, value: str | None) -> str | None:
        if value is None:
            return None
        host, _, port = value.rpartition(":")
        if not host or not port.isascii() or not port.isdigit() or not 0 < int(port) < 2**16:
            raise ValueError("write it as host:port")
        return value

    @model_validator(mode="after")
    def _is_in_one_place(self) -> "PerformerConfig":
        if (self.address is None) == (self.container is None):
            raise ValueError("a performer has an address or a container: name one of the two")
        if self.container is not None and (self.command or self.ca_file is not None):
            raise ValueError("a container is reached on this machine: it takes no command and no ca_file")
        if self.environment and not self.command:
            raise ValueError("this environment is a command's; a container has its own")
        return self
