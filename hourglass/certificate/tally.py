"""Who has signed what, by stake: competing digests side by side, until one is frozen.

Signatures are counted unverified; that is the point of an optimistic aggregate. One that turns out bad is dropped
by name, and a good one by the same operator may then be counted after all.
"""

from dataclasses import dataclass, field
from enum import Enum

from hourglass.certificate.curves import AnyTable, Signature
from hourglass.certificate.quorum import quorum_reached
from hourglass.workflow.identifiers import Address, BasisPoints, Digest, StakeWeight

MAX_ROUNDS_PER_OPERATOR = 4
"""An operator's latest rounds are kept; an older round that never came to a quorum is a lost cause."""
MAX_DIGESTS_PER_ROUND = 2
"""One is honest, two are evidence, more are a flood."""


class Put(Enum):
    """What became of an answer."""

    COUNTED = "counted"
    DUPLICATE = "duplicate"
    CONFLICTING = "conflicting"
    """A second digest in one slot: counted under that digest too, and kept as evidence."""
    NOT_A_MEMBER = "not a member"
    FLOODING = "flooding"
    LATE = "late"


@dataclass(slots=True)
class Tally:
    """The answers of one phase attempt. Memory is bounded by members × rounds × digests per round."""

    table: AnyTable
    threshold: BasisPoints
    frozen: Digest | None = None
    _signatures: dict[Digest, dict[Address, Signature]] = field(default_factory=dict)
    _answers: dict[Address, dict[Digest, int]] = field(default_factory=dict)
    """By operator: the digests that it signed, and in which round."""
    _stake: dict[Digest, list[int]] = field(default_factory=dict)

    def put(self, operator: Address, digest: Digest, round: int, signature: Signature) -> Put:
        """Count one answer. Two digests of different rounds are no conflict."""
        if self.table.index_of(operator) is None:
            return Put.NOT_A_MEMBER
        answers = self._answers.setdefault(operator, {})
        if digest in answers:
            return Put.DUPLICATE
        if self.frozen is not None:
            return Put.LATE
        if not self._has_room(operator, round):
            return Put.FLOODING
        conflicting = round in answers.values()
        answers[digest] = round
        self._signatures.setdefault(digest, {})[operator] = signature
        self._weigh(operator, digest, 1)
        return Put.CONFLICTING if conflicting else Put.COUNTED

    def _has_room(self, operator: Address, round: int) -> bool:
        """Make room for a later round by forgetting the operator's oldest one."""
        answers = self._answers[operator]
        rounds = sorted(set(answers.values()))
        if round in rounds:
            return sum(one == round for one in answers.values()) < MAX_DIGESTS_PER_ROUND
        if len(rounds) < MAX_ROUNDS_PER_OPERATOR:
            return True
        if round < rounds[0]:
            return False
        for digest in [digest for digest, one in answers.items() if one == rounds[0]]:
            self.drop(operator, digest)
        return True

    def drop(self, operator: Address, digest: Digest) -> None:
        """Take back a signature that turned out invalid."""
        if self._answers.get(operator, {}).pop(digest, None) is None:
            return
        del self._signatures[digest][operator]
        self._weigh(operator, digest, -1)
        if not self._signatures[digest]:
            del self._signatures[digest], self._stake[digest]

    def freeze(self, digest: Digest) -> None:
        """This digest is the result, whatever arrives from now on."""
        self.frozen = digest

    def quorum(self) -> Digest | None:
        """A digest with enough unverified stake behind it: the one with most, if several have."""
        reached = [
            digest
            for digest in self._signatures
            if quorum_reached(self.stake_of(digest), self.table.total_weights, self.threshold)
        ]
        return max(reached, key=lambda digest: (self.stake_of(digest), digest), default=None)

    def stake_of(self, digest: Digest) -> tuple[StakeWeight, ...]:
        """The stake that signed it, per column."""
        kept = self._stake.get(digest, [0] * len(self.table.total_weights))
        return tuple(StakeWeight(weight) for weight in kept)

    def signers_of(self, digest: Digest) -> tuple[Address, ...]:
        """Who signed it."""
        return tuple(self._signatures.get(digest, {}))

    def signatures_of(self, digest: Digest) -> dict[Address, Signature]:
        """Their signatures, as of now."""
        return dict(self._signatures.get(digest, {}))

    @property
    def digests(self) -> tuple[Digest, ...]:
        """Every digest that somebody signed."""
        return tuple(self._signatures)

    @property
    def answered(self) -> frozenset[Address]:
        """Who has signed anything that still counts."""
        return frozenset(operator for operator, answers in self._answers.items() if answers)

    def _weigh(self, operator: Address, digest: Digest, sign: int) -> None:
        weights = self.table.operator(operator).weights
        kept = self._stake.setdefault(digest, [0] * len(weights))
        for column, weight in enumerate(weights):
            kept[column] += sign * weight
