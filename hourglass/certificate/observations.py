"""One operator's observation under its own signature, so that no aggregator can invent or alter one."""

from dataclasses import dataclass

from hourglass.workflow.identifiers import Address


@dataclass(frozen=True, slots=True)
class SignedObservation:
    """A value and its operator's secp256k1 signature, 65 bytes r ‖ s ‖ v, over `digests.observation_digest`."""

    operator: Address
    value: bytes
    signature: bytes
