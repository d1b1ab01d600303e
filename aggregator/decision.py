"""What is decided in one slot, and what may be: plain values."""

from dataclasses import dataclass

from hourglass.certificate.curves import AnyCertificate
from hourglass.certificate.slots import Slot
from hourglass.certificate.ticks import CertifiedTick
from hourglass.workflow.identifiers import Address, Digest, MessageHash, Tick


@dataclass(slots=True)
class Candidate:
    """A digest that operators have signed: what it is about."""

    slot: Slot
    message_hash: MessageHash
    result: bytes


@dataclass(frozen=True, slots=True)
class Decision:
    """The digest that has its quorum. It never changes again, whatever arrives."""

    slot: Slot
    digest: Digest
    result: bytes
    certificate: AnyCertificate
    signers: tuple[Address, ...]


@dataclass(frozen=True, slots=True)
class ProposedSeries:
    """A series that is over: how many ticks it has, and which of them are certified."""

    ticks: Tick
    certified: tuple[CertifiedTick, ...]
