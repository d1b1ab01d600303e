"""Trigger conditions, facts and data at random: likely to hold, likely not to, and every way to spoil them."""

from collections.abc import Sequence
from random import Random

from eth_hash.auto import keccak

from hourglass.certificate.ecdsa import HALF_ORDER, address_of, sign_digest
from hourglass.workflow import abi
from hourglass.workflow.identifiers import Address, Digest, PhaseIndex
from hourglass.workflow.triggers import (
    AllOf,
    Always,
    AnyOf,
    BlockThreshold,
    ChainEvent,
    Comparison,
    Condition,
    DataHash,
    Facts,
    MultiSig,
    Not,
    OracleValue,
    PriceThreshold,
    ResultCompare,
    TimeThreshold,
    TriggerConditionType,
    TriggerError,
    encode,
    encode_log,
)

WORD = 32
LEAST, MOST = -(2**255), 2**255 - 1
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1's group."""
SECRETS = {address_of(bytes([n]) * 32): bytes([n]) * 32 for n in range(1, 8)}
SIGNERS = tuple(sorted(SECRETS))
DEPENDENCIES = (PhaseIndex(0), PhaseIndex(3), PhaseIndex(63))
PREIMAGES = (b"", b"a", b"a longer text than one word of thirty-two bytes has room for")
EMITTERS = (Address(b"\xe1" * 20), Address(b"\xe2" * 20))
TOPICS = (keccak(b"Transfer(address,address,uint256)"), b"\0" * 31 + b"\x01", b"\xff" * WORD)
NUMBERS = (0, 1, 5_000, 2**64 - 1)


def envelope(kind: int, params: bytes) -> bytes:
    """Any type with any params, as abi.encode writes it."""
    return abi.encode(["uint256", "bytes"], [kind, params])


class TriggerCases:
    """A source of cases: one chance, one sequence of them."""

    def __init__(self, chance: Random) -> None:
        self.chance = chance

    # ── What can be ───────────────────────────────────────────────────────────────────────────────────

    def condition(self) -> Condition:
        """Any that the contract takes, of any type, nested or not."""
        while True:
            condition = self._tree(self.chance.choice((1, 1, 2, 3, 4)))
            try:
                encode(condition)
            except TriggerError:  # three deep and five wide: too large, which is another test's matter
                continue
            return condition

    def _tree(self, depth: int) -> Condition:
        if depth == 1:
            return self.leaf(self.chance.randrange(9))
        width = self.chance.choice((1, 2, 2, 3, 5)) if depth < 4 else 2
        children = tuple(self._tree(self.chance.randint(1, depth - 1)) for _ in range(width))
        return self.chance.choice((AllOf(children), AnyOf(children), Not(children[0])))

    def leaf(self, kind: int) -> Condition:
        """One of this type, numbered as the contract does."""
        pick = self.chance.choice
        match TriggerConditionType(kind):
            case TriggerConditionType.PRICE_THRESHOLD:
                return PriceThreshold(pick((*NUMBERS, MOST)), pick((True, False)))
            case TriggerConditionType.TIME_THRESHOLD:
                return TimeThreshold(pick((*NUMBERS, 2**256 - 1)))
            case TriggerConditionType.DATA_HASH:
                return DataHash(keccak(pick(PREIMAGES)))
            case TriggerConditionType.MULTI_SIG:
                signers = tuple(self.chance.sample(SIGNERS[:-1], self.chance.randint(1, len(SIGNERS) - 1)))
                return MultiSig(signers, self.chance.randint(1, len(signers)))
            case TriggerConditionType.ORACLE_VALUE:
                return OracleValue(pick((*NUMBERS, MOST)), pick((*NUMBERS, MOST, 2**255, 2**256 - 1)))
            case TriggerConditionType.BLOCK_THRESHOLD:
                return BlockThreshold(pick((*NUMBERS, 2**256 - 1)))
            case TriggerConditionType.RESULT_COMPARE:
                return ResultCompare(pick(DEPENDENCIES), pick(tuple(Comparison)), self.value(0))
            case TriggerConditionType.CHAIN_EVENT:
                later = [pick((*TOPICS, bytes(WORD))) for _ in range(self.chance.randrange(4))]
                return ChainEvent(pick(EMITTERS), (TOPICS[0], *later))
            case _:
                return Always()

    def facts(self) -> Facts:
        """A moment of the chain."""
        results = [self.chance.choice((self.word(0), self.word(0), b"", bytes(33))) for _ in DEPENDENCIES]
        return Facts(
            timestamp=self.chance.choice(NUMBERS),
            block_number=self.chance.choice(NUMBERS),
            approval_digest=Digest(keccak(bytes([self.chance.randrange(2)]))),
            dependencies=DEPENDENCIES,
            results=tuple(results),
            present=tuple(self.chance.random() < 0.8 for _ in DEPENDENCIES),
        )

    # ── What it is judged by ──────────────────────────────────────────────────────────────────────────

    def data(self, condition: Condition, facts: Facts) -> bytes:
        """Data that nearly fits: at a limit or beside it, seldom none, seldom malformed."""
        match condition:
            case AllOf(children) | AnyOf(children):
                parts = [self.data(child, facts) for child in children]
                return abi.encode(["bytes[]"], [parts if self._usually() else [*parts, b""]])
            case Not(child):
                return self.data(child, facts)
            case DataHash():
                return self.chance.choice(PREIMAGES)
            case PriceThreshold(limit) | OracleValue(limit):
                data = self.word(self.chance.choice((limit, self._edge_of(condition))))
            case MultiSig():
                data = self.approvals(condition, facts)
            case ChainEvent():
                data = self.log(condition)
            case _:
                return self.chance.choice((b"", b"anything"))
        return self.chance.choice((b"", self.spoiled(data))) if not self._usually() else data

    def _edge_of(self, condition: PriceThreshold | OracleValue) -> int:
        if isinstance(condition, PriceThreshold):
            return condition.threshold
        return condition.expected + self.chance.choice((-1, 1)) * condition.tolerance

    def value(self, near: int) -> int:
        """An int256, often close to this one."""
        value = self.chance.choice((near, near, near, LEAST, MOST, 0)) + self.chance.choice((-1, 0, 1))
        return min(max(value, LEAST), MOST)

    def word(self, near: int) -> bytes:
        """abi.encode of such a value."""
        return abi.encode(["int256"], [self.value(near)])

    def approvals(self, condition: MultiSig, facts: Facts) -> bytes:
        """Signatures of listed signers, mostly enough and in order, with now and then one that is none."""
        count = min(len(condition.signers), max(0, condition.required + self.chance.choice((-1, 0, 0, 1))))
        signers = sorted(self.chance.sample(condition.signers, count))
        if self.chance.random() < 0.1:
            signers.append(SIGNERS[-1])
        if self.chance.random() < 0.1:
            signers.reverse()
        if self.chance.random() < 0.05:
            signers += signers[-1:]
        signatures = [sign_digest(SECRETS[one], facts.approval_digest) for one in signers]
        if signatures and self.chance.random() < 0.3:
            at = self.chance.randrange(len(signatures))
            signatures[at] = self.chance.choice(bad_signatures(signatures[at]))
        return abi.encode(["bytes[]"], [signatures])

    def log(self, condition: ChainEvent) -> bytes:
        """A log that mostly matches, with topics beyond the filter's or one too few."""
        topics = [self.chance.choice(TOPICS) if not any(one) else one for one in condition.topics]
        topics += self.chance.choices(TOPICS, k=self.chance.randrange(5 - len(topics)))
        if self.chance.random() < 0.1:
            topics.pop()
        if topics and self.chance.random() < 0.2:
            topics[self.chance.randrange(len(topics))] = self.chance.choice(TOPICS)
        if self.chance.random() < 0.03:
            topics = [TOPICS[0]] * 5
        emitter = condition.emitter if self.chance.random() < 0.8 else self.chance.choice(EMITTERS)
        return encode_log(emitter, topics, self.chance.randbytes(self.chance.choice((0, 1, 32, 40))))

    def _usually(self) -> bool:
        return self.chance.random() < 0.9

    # ── What can't be ─────────────────────────────────────────────────────────────────────────────────

    def unruly(self) -> bytes:
        """Encoded as abi.encode does, and mostly against some rule, at some depth."""
        pick = self.chance.choice
        address = Address(b"\xad" * 20)
        encoded = pick(
            (
                lambda: envelope(0, b""),
                lambda: envelope(pick((12, 13, 255, 256)), b""),
                lambda: envelope(pick((1, 5)), abi.encode(["uint256"] * 2, [pick((0, MOST, MOST + 1)), 1])),
                lambda: envelope(1, abi.encode(["uint256"] * 2, [5, pick((0, 1, 2))])),
                lambda: _multi_sig([SIGNERS[n % 7] for n in range(pick((1, 7, 8)))], pick((0, 1, 7, 8))),
                lambda: _multi_sig([_address(n) for n in range(1, pick((0, 1, 32, 33)) + 1)], pick((1, 33))),
                lambda: _multi_sig([address, Address(bytes(20)), address], 1),
                lambda: envelope(
                    7,
                    abi.encode(["uint256", "uint256", "int256"], [pick((0, 1, 2**32)), pick((5, 6, 256)), 0]),
                ),
                lambda: envelope(
                    8, abi.encode(["address", "bytes32[]"], [address, [TOPICS[0]] * pick((0, 4, 5))])
                ),
                lambda: envelope(8, abi.encode(["address", "bytes32[]"], [address, [bytes(WORD)]])),
                lambda: envelope(
                    pick((9, 10)), abi.encode(["bytes[]"], [[envelope(0, b"")] * pick((0, 8, 9))])
                ),
                lambda: envelope(9, abi.encode(["bytes[]"], [[_nots(2)] * 5 + [b""] * pick((0, 1))])),
                lambda: envelope(2, bytes(pick((0, 31, 32, 64)))),
                lambda: envelope(pick((0, 3, 6)), bytes(pick((0, 31, 32, 33)))),
                lambda: envelope(11, b""),
            )
        )()
        for _ in range(pick((0, 0, 1, 2, 3, 4))):
            encoded = pick((envelope(11, encoded), envelope(9, abi.encode(["bytes[]"], [[encoded]]))))
        return encoded + bytes(pick((0, 0, 0, 0, 0, 0, 0, 2_048)))

    def spoiled(self, data: bytes) -> bytes:
        """These bytes with something wrong somewhere; now and then what results is well-formed all the same."""
        if not data:
            return self.chance.randbytes(self.chance.choice((1, WORD, 3 * WORD)))
        at = self.chance.randrange(len(data))
        word = at - at % WORD
        number = int.from_bytes(data[word : word + WORD], "big")
        edges = (
            0,
            1,
            WORD,
            number + 1,
            number + WORD,
            number - WORD,
            number - 1,
            2**256 - 1,
            2**255,
            len(data),
        )
        other = (self.chance.choice(edges) % 2**256).to_bytes(WORD, "big")
        return self.chance.choice(
            (
                data[:at] + bytes([data[at] ^ (1 << self.chance.randrange(8))]) + data[at + 1 :],
                data[:word] + other + data[word + WORD :],
                data[:word] + other + data[word + WORD :],
                data[:word] + other + data[word:],
                data[:word] + data[word + WORD :],
                data[:at],
                data + bytes(self.chance.choice((1, WORD))),
                self.chance.randbytes(len(data)),
            )
        )


def bad_signatures(signature: bytes) -> Sequence[bytes]:
    """This signature in every form that a careful contract refuses, and one that recovers to somebody else."""
    r, s, v = signature[:WORD], int.from_bytes(signature[WORD:-1], "big"), signature[-1]
    assert s <= HALF_ORDER
    flipped = (ORDER - s).to_bytes(WORD, "big") + bytes([55 - v])
    return (
        r + flipped,
        signature[:-1] + bytes([v - 27]),
        signature[:-1] + bytes([v + 2]),
        signature[:-1] + bytes([55 - v]),
        bytes(WORD) + signature[WORD:],
        r + bytes(WORD) + bytes([v]),
        ORDER.to_bytes(WORD, "big") + signature[WORD:],
        b"\xff" * WORD + signature[WORD:],
        bytes(64) + b"\x1b",
        signature[:-1],
        signature + b"\0",
    )


def _address(number: int) -> Address:
    return Address(number.to_bytes(20, "big"))


def _multi_sig(signers: Sequence[Address], required: int) -> bytes:
    return envelope(4, abi.encode(["address[]", "uint256"], [list(signers), required]))


def _nots(depth: int) -> bytes:
    encoded = envelope(0, b"")
    for _ in range(depth):
        encoded = envelope(11, encoded)
    return encoded
