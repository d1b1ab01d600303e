"""Operator tables, signers and certificates for laws about them, of any size and cheap to make.

Keys are base + i·step for the i-th, so that keys and signatures of a thousand operators are a thousand additions.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache, cached_property
from itertools import islice

from eth_hash.auto import keccak
from hypothesis import strategies as st

from hourglass.bls.curve import G1_GENERATOR, G2_GENERATOR, SUBGROUP_ORDER, G1Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import PublicKey, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.certificates import Certificate, certify
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.workflow.identifiers import (
    Address,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

BACKEND = default_backend()
LARGEST = 1_024
MOSTLY_UP_TO = 5
COLUMNS = 3
PALETTE = 4
MAX_WEIGHT = 2**128
SET = OperatorSetId(Address(b"\xa5" * 20), 1)
TIMESTAMP = ReferenceTimestamp(1_700_000_000)
BASE, STEP = (int.from_bytes(keccak(name), "big") % SUBGROUP_ORDER for name in (b"base", b"step"))

Weights = tuple[StakeWeight, ...]


def secret_key(number: int) -> SecretKey:
    """The number-th operator's."""
    return SecretKey((BASE + number * STEP) % SUBGROUP_ORDER)


@cache
def public_keys() -> tuple[PublicKey, ...]:
    """Of all operators there can be."""
    g1, g2 = (
        BACKEND.g1_combine([G1_GENERATOR], [BASE]),
        BACKEND.g2_combine([G2_GENERATOR], [BASE]),
    )
    step = SecretKey(STEP).public_key(BACKEND)
    keys = []
    for _ in range(LARGEST):
        keys.append(PublicKey(g1, g2))
        g1, g2 = BACKEND.g1_sum([g1, step.g1]), BACKEND.g2_sum([g2, step.g2])
    return tuple(keys)


@cache
def address(number: int) -> Address:
    """The number-th operator."""
    return Address(keccak(b"operator %d" % number)[-20:])


def table_of(
    size: int,
    palette: Sequence[Weights],
    operator_set: OperatorSetId = SET,
    reference_timestamp: ReferenceTimestamp = TIMESTAMP,
) -> OperatorTable:
    """So many operators, who take turns in having these weights."""
    operators = tuple(
        Operator(address(number), key.g1, key.g2, palette[number % len(palette)])
        for number, key in enumerate(islice(public_keys(), size))
    )
    return OperatorTable(operator_set, reference_timestamp, 0, operators, BACKEND)


def signatures(
    table: OperatorTable, message_hash: MessageHash, signers: Sequence[int]
) -> dict[Address, G1Point]:
    """Of the operators at these rising indices of a table that `table_of` made."""
    point = hash_to_g1(table.digest(message_hash))
    signature, step = (BACKEND.g1_combine([point], [scalar]) for scalar in (BASE, STEP))
    found = {}
    wanted = set(signers)
    for number in range(max(signers) + 1):
        if number in wanted:
            found[address(number)] = signature
        signature = BACKEND.g1_sum([signature, step])
    return found


@dataclass(frozen=True)
class Case:
    """A table, and who of it signed what."""

    table: OperatorTable
    signers: tuple[int, ...]
    """Rising indices, at least one."""
    message_hash: MessageHash

    @cached_property
    def certificate(self) -> Certificate:
        """What our code makes of it."""
        made = signatures(self.table, self.message_hash, self.signers)
        return certify(self.table, self.message_hash, made, BACKEND)

    @property
    def absent(self) -> int:
        """How many did not sign."""
        return len(self.table.operators) - len(self.signers)

    @property
    def signed(self) -> Weights:
        """The signers' weights, counted one by one."""
        totals = [0] * len(self.table.operators[0].weights)
        for index in self.signers:
            for column, weight in enumerate(self.table.operators[index].weights):
                totals[column] += weight
        return tuple(StakeWeight(total) for total in totals)

    def __repr__(self) -> str:
        size = len(self.table.operators)
        return f"Case({size} operators, {self.table.operators[0].weights}…, signers {self.signers})"


def palettes(columns: int) -> st.SearchStrategy[list[Weights]]:
    """Rows of weights, all of so many columns; also zeros, which the verifier takes."""
    weight = st.integers(0, 9) | st.integers(0, MAX_WEIGHT)
    row = st.tuples(*[weight.map(StakeWeight)] * columns)
    return st.lists(row, min_size=1, max_size=PALETTE)


def signer_sets(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Any of them but nobody; everybody, all but one and a single one more often than chance has it."""
    everybody = 2**size - 1
    one = st.integers(0, size - 1).map(lambda index: 1 << index)
    masks = st.integers(1, everybody) | st.just(everybody) | one
    if size > 1:
        masks |= one.map(lambda bit: everybody ^ bit)
    return masks.map(lambda mask: tuple(index for index in range(size) if mask >> index & 1))


@st.composite
def cases(draw: st.DrawFn, smallest: int = 1, largest: int = 17) -> Case:
    """Mostly small, sometimes past the next powers of two."""
    size = draw(st.integers(smallest, MOSTLY_UP_TO) | st.integers(smallest, largest))
    palette = draw(st.integers(1, COLUMNS).flatmap(palettes))
    signers = draw(signer_sets(size))
    message_hash = MessageHash(draw(st.binary(min_size=32, max_size=32)))
    return Case(table_of(size, palette), signers, message_hash)
