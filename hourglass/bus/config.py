"""How a node reaches the bus."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field


class BusConfig(BaseModel):
    """NATS with JetStream. Credentials are files, so that no secret stands in a configuration."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    url: str = "nats://127.0.0.1:4222"
    """One server, or several separated by commas."""
    credentials_file: Path | None = None
    """A NATS .creds file."""
    connect_timeout_s: float = Field(default=10.0, gt=0)
    publish_timeout_s: float = Field(default=5.0, gt=0)
    """How long to go on trying to hand over one message, reconnects included."""
