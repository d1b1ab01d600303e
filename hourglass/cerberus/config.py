"""How an agent reaches a Cerberus server, and which of its keys it means."""

from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from hourglass.bls.curve import G1_BYTES, G2_BYTES

KEY_DATA_BYTES = G1_BYTES + G2_BYTES


class CerberusConfig(BaseModel):
    """A BN254 key that an EigenLayer Cerberus server keeps and signs with."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    address: str
    """host:port of its gRPC service."""
    public_key: str
    """The key's 192 bytes as KeyRegistrar has them, in hexadecimal. Every signature is checked against it, so it comes
    from the registration, never from the server."""
    api_key_file: Path | None = None
    """The API key that the server gave out with this key."""
    password_file: Path | None = None
    """The key's password, where the server keeps its keys in files."""
    ca_file: Path | None = None
    """PEM certificates that vouch for the server; without it those of the system."""
    plaintext: bool = False
    """No TLS: whoever reads the wire sees API key and password. For a server on this machine only."""
    timeout_s: float = Field(default=5.0, gt=0)
    """The longest that one signature may take."""

    @field_validator("public_key")
    @classmethod
    def _has_both_groups(cls, value: str) -> str:
        try:
            data = bytes.fromhex(value.removeprefix("0x"))
        except ValueError as error:
            raise ValueError("it is not hexadecimal") from error
        if len(data) != KEY_DATA_BYTES:
            raise ValueError(f"it has {len(data)} bytes, not the {KEY_DATA_BYTES} of the key data")
        return value

    @model_validator(mode="after")
    def _means_one_transport(self) -> "CerberusConfig":
        if self.plaintext and self.ca_file is not None:
            raise ValueError("plaintext and ca_file contradict each other")
        return self
