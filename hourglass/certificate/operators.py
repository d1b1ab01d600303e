"""Operator tables: who may sign, with how much stake, at one reference timestamp; and their Merkle trees.

Leaf: keccak256(0x75 ‖ abi.encode(BN254OperatorInfo)). Tree: keccak of pairs in index order, padded with zero words
to the next power of two. A proof is the siblings' concatenation from the leaf up.
"""

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Generic, Protocol, TypeVar

from eth_hash.auto import keccak

from hourglass.bls.curve import Backend, G1Point, G2Point
from hourglass.bls.signatures import default_backend
from hourglass.certificate.digests import certificate_digest
from hourglass.workflow.identifiers import (
    WORD_BYTES,
    Address,
    Digest,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

LEAF_SALT = b"\x75"
"""OPERATOR_INFO_LEAF_SALT."""


class CurveType(IntEnum):
    """Which keys an operator set signs with: EigenLayer's `CurveType`, whose numbers these are."""

    NONE = 0
    ECDSA = 1
    BN254 = 2


class Member(Protocol):
    """A row of any operator table."""

    @property
    def address(self) -> Address:
        """Who it is."""
        ...

    @property
    def weights(self) -> tuple[StakeWeight, ...]:
        """Its stake, per column."""
        ...


Row = TypeVar("Row", bound=Member)


class Membership(Generic[Row]):
    """Who is in a table, and with how much stake: the same for both curves."""

    operators: tuple[Row, ...]
    """In index order."""

    def check_members(self) -> None:
        """Raise ValueError if no such table can be: no members, a member twice, columns of unequal number."""
        if not self.operators:
            raise ValueError("an operator table has at least one operator")
        if len({len(operator.weights) for operator in self.operators}) != 1:
            raise ValueError("all operators of a table have equally many weights")
        if len(self._index) != len(self.operators):
            raise ValueError("an operator is in the table twice")

    @cached_property
    def _index(self) -> dict[Address, int]:
        return {operator.address: index for index, operator in enumerate(self.operators)}

    def index_of(self, address: Address) -> int | None:
        """The operator's place in the table; None if it is no member."""
        return self._index.get(address)

    def operator(self, address: Address) -> Row:
        """A member's row. Raises KeyError for anybody else."""
        return self.operators[self._index[address]]

    def weight_of(self, addresses: Iterable[Address]) -> tuple[StakeWeight, ...]:
        """The stake of these members together, per column; others weigh nothing."""
        indices = [index for address in addresses if (index := self._index.get(address)) is not None]
        return tuple(
            StakeWeight(sum(self.operators[index].weights[column] for index in indices))
            for column in range(len(self.operators[0].weights))
        )

    @cached_property
    def total_weights(self) -> tuple[StakeWeight, ...]:
        """All stake, per column."""
        return tuple(
            StakeWeight(sum(column))
            for column in zip(*(operator.weights for operator in self.operators), strict=True)
        )


@dataclass(frozen=True, slots=True)
class OperatorInfo:
    """EigenLayer's `BN254OperatorInfo`: what a leaf, and a non-signer's witness, hold."""

    pubkey: G1Point
    weights: tuple[StakeWeight, ...]

    def encode(self) -> bytes:
        """abi.encode: the tuple is dynamic, so an offset word comes first."""
        words = (WORD_BYTES, self.pubkey.x, self.pubkey.y, 3 * WORD_BYTES, len(self.weights), *self.weights)
        return b"".join(word.to_bytes(WORD_BYTES, "big") for word in words)

    def leaf(self) -> bytes:
        """`calculateOperatorInfoLeaf`."""
        return bytes(keccak(LEAF_SALT + self.encode()))


@dataclass(frozen=True, slots=True)
class Operator:
    """One row of a table. `weights` has one column per kind of stake."""

    address: Address
    pubkey_g1: G1Point
    pubkey_g2: G2Point
    weights: tuple[StakeWeight, ...]

    @property
    def info(self) -> OperatorInfo:
        """What the tree knows of it."""
        return OperatorInfo(self.pubkey_g1, self.weights)


@dataclass(frozen=True)
class OperatorTable(Membership[Operator]):
    """One operator set's members in index order, as of one reference timestamp. It never changes.

    Raises ValueError if no such table can be: no members, a member or key twice, columns of unequal number.
    """

    operator_set: OperatorSetId
    reference_timestamp: ReferenceTimestamp
    max_staleness_s: int
    """0: it never goes stale."""
    operators: tuple[Operator, ...]
    backend: Backend = field(default_factory=default_backend, compare=False, repr=False)

    def __post_init__(self) -> None:
        self.check_members()
        if len({operator.pubkey_g1 for operator in self.operators}) != len(self.operators):
            raise ValueError("a key is in the table twice")

    @property
    def curve(self) -> CurveType:
        """BN254."""
        return CurveType.BN254

    def digest(self, message_hash: MessageHash) -> Digest:
        """What operators of this table sign for this message."""
        return certificate_digest(self.reference_timestamp, message_hash)

    @cached_property
    def aggregate_g1(self) -> G1Point:
        """All keys, summed: the verifier's `aggregatePubkey`."""
        return self.backend.g1_sum([operator.pubkey_g1 for operator in self.operators])

    @cached_property
    def aggregate_g2(self) -> G2Point:
        """All keys in G2, summed."""
        return self.backend.g2_sum([operator.pubkey_g2 for operator in self.operators])

    @cached_property
    def _levels(self) -> list[list[bytes]]:
        return merkle_levels([operator.info.leaf() for operator in self.operators])

    @property
    def root(self) -> bytes:
        """`operatorInfoTreeRoot`."""
        return self._levels[-1][0]

    def proof(self, index: int) -> bytes:
        """Siblings of the leaf, concatenated from the leaf up; empty for a table of one."""
        return b"".join(level[(index >> depth) ^ 1] for depth, level in enumerate(self._levels[:-1]))


def merkle_levels(leaves: list[bytes]) -> list[list[bytes]]:
    """All levels of the tree, leaves first, root last, padded with zero words."""
    width = 1
    while width < len(leaves):
        width *= 2
    levels = [leaves + [bytes(WORD_BYTES)] * (width - len(leaves))]
    while len(levels[-1]) > 1:
        below = levels[-1]
        levels.append([bytes(keccak(below[i] + below[i + 1])) for i in range(0, len(below), 2)])
    return levels


def merkle_root(leaf: bytes, index: int, proof: bytes) -> bytes:
    """The root that this proof leads to; what `Merkle.processInclusionProofKeccak` computes."""
    node = leaf
    for start in range(0, len(proof), WORD_BYTES):
        sibling = proof[start : start + WORD_BYTES]
        node = bytes(keccak(sibling + node if index & 1 else node + sibling))
        index >>= 1
    return node
