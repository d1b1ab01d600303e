"""Operator tables with ECDSA keys, signers and certificates for laws about them."""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property

from certificate_cases import COLUMNS, SET, TIMESTAMP, Weights, address, palettes, signer_sets
from eth_hash.auto import keccak
from hypothesis import strategies as st

from hourglass.certificate.ecdsa import SIGNATURE_BYTES, address_of, sign_digest
from hourglass.certificate.ecdsa_table import (
    EcdsaCertificate,
    EcdsaOperator,
    EcdsaOperatorTable,
    certify_ecdsa,
)
from hourglass.workflow.identifiers import MessageHash, StakeWeight

LARGEST = 40
FOREIGN = b"\x11" * 32
"""A key that is in no table."""


def secret(number: int) -> bytes:
    """The number-th operator's."""
    return keccak(b"secret %d" % number)


def ecdsa_table_of(size: int, palette: Sequence[Weights], domain_separator: bytes) -> EcdsaOperatorTable:
    """So many operators, who take turns in having these weights; in no order of their keys."""
    operators = tuple(
        EcdsaOperator(address(number), address_of(secret(number)), palette[number % len(palette)])
        for number in range(size)
    )
    return EcdsaOperatorTable(SET, TIMESTAMP, 0, operators, domain_separator)


@dataclass(frozen=True)
class EcdsaCase:
    """A table, and who of it signed what."""

    table: EcdsaOperatorTable
    signers: tuple[int, ...]
    message_hash: MessageHash

    @cached_property
    def certificate(self) -> EcdsaCertificate:
        """What our code makes of it."""
        digest = self.table.digest(self.message_hash)
        made = {address(number): sign_digest(secret(number), digest) for number in self.signers}
        return certify_ecdsa(self.table, self.message_hash, made)

    @property
    def blocks(self) -> list[bytes]:
        """The signatures, one by one."""
        joined = self.certificate.signatures
        return [joined[at : at + SIGNATURE_BYTES] for at in range(0, len(joined), SIGNATURE_BYTES)]

    @property
    def foreign(self) -> bytes:
        """A signature of somebody who is in no table."""
        return sign_digest(FOREIGN, self.table.digest(self.message_hash))

    @property
    def signed(self) -> Weights:
        """The signers' weights, counted one by one."""
        rows = [self.table.operators[index].weights for index in self.signers]
        return tuple(StakeWeight(sum(column)) for column in zip(*rows, strict=True))

    def __repr__(self) -> str:
        return f"EcdsaCase({len(self.table.operators)} operators, signers {self.signers})"


@st.composite
def ecdsa_cases(draw: st.DrawFn, domain_separator: bytes, fewest_signers: int = 1) -> EcdsaCase:
    """Mostly small."""
    size = draw(st.integers(fewest_signers, 5) | st.integers(fewest_signers, LARGEST))
    palette = draw(st.integers(1, COLUMNS).flatmap(palettes))
    signers = draw(signer_sets(size).filter(lambda found: len(found) >= fewest_signers))
    message_hash = MessageHash(draw(st.binary(min_size=32, max_size=32)))
    return EcdsaCase(ecdsa_table_of(size, palette, domain_separator), signers, message_hash)
