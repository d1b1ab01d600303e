"""Laws of certificates: any that our code makes is accepted, with exactly its signers' weights, by the contract and by
our Python; any that somebody spoils is refused by both, for the same reason.
"""

import asyncio
from collections import Counter
from collections.abc import AsyncIterator, Coroutine, Iterable, Iterator
from dataclasses import replace
from itertools import islice

import pytest
import pytest_asyncio
from certificate_cases import (
    BACKEND,
    COLUMNS,
    LARGEST,
    TIMESTAMP,
    Case,
    address,
    cases,
    public_keys,
    secret_key,
    signatures,
    table_of,
)
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st
from spoiling import SPOILT, Spoil
from verifier import (
    UNREADABLE,
    WORD,
    Verifier,
    deploy,
    deployed_verifier,
    encoded_by_mailbox,
    judge,
    published,
)

from hourglass.bls.curve import G1Point, G2Point
from hourglass.bls.signatures import sign
from hourglass.certificate.certificates import Certificate, NonSignerWitness
from hourglass.certificate.quorum import quorum_reached, verifier_accepts
from hourglass.chain.codec import load_contract
from hourglass.testing.deployment import LOCAL_AVS, OperatorRegistration, deploy_local
from hourglass.workflow.identifiers import (
    Address,
    BasisPoints,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

AT_ONCE = 10
EXAMPLES = 200
"""Of `AT_ONCE` cases each: two thousand."""
SPOILT_EXAMPLES = 20
LARGE_EXAMPLES = 20
SIZES = (1, 2, 3, 64, 65, 255, 256, 257, LARGEST)
SIDE_BY_SIDE = 64
MESSAGE = MessageHash(bytes(range(32)))
SIGN_OF_WITNESSES = 9 * 8 * WORD
"""The highest bit of the tenth word, which says where the witnesses begin."""

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
laws = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verifier() -> AsyncIterator[Verifier]:
    """One for all of them: no call leaves a trace."""
    async with deployed_verifier() as deployed:
        yield deployed


# ── What our code makes is accepted ───────────────────────────────────────────────────────────────────


@laws
@given(st.lists(cases(), min_size=AT_ONCE, max_size=AT_ONCE))
async def test_every_certificate_is_accepted_with_exactly_its_signers_weights(
    verifier: Verifier, drawn: list[Case]
) -> None:
    await asyncio.gather(*(accepted(verifier, case) for case in drawn))


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@pytest.mark.parametrize("size", SIZES)
async def test_so_it_is_at_the_edges_of_the_tree(verifier: Verifier, size: int) -> None:
    rows = [(3, 0, 1), (10**24, 7, 2**100)]
    palette = [tuple(map(StakeWeight, row[: 1 + size % COLUMNS])) for row in rows]
    table = table_of(size, palette)
    everybody = tuple(range(size))
    some = {everybody, everybody[:1], everybody[-1:], everybody[1:], everybody[:-1], everybody[::3]} - {()}
    for signers in sorted(some):
        await accepted(verifier, Case(table, signers, MESSAGE))


@pytest.mark.filterwarnings("ignore:Sending a large body:ResourceWarning")
@settings(laws, max_examples=LARGE_EXAMPLES)
@given(cases(largest=LARGEST))
async def test_so_it_is_in_sets_of_any_size(verifier: Verifier, case: Case) -> None:
    await accepted(verifier, case)


async def accepted(verifier: Verifier, case: Case) -> None:
    encoded = case.certificate.encode()
    assert encoded == by_hand(case.certificate)
    assert judge(encoded, case.table) == case.signed
    assert await verifier.verify(encoded, case.table) == case.signed
    assert case.table.weight_of(address(index) for index in case.signers) == case.signed


async def test_a_table_that_is_shown_is_as_if_it_were_published(verifier: Verifier) -> None:
    weights = [(StakeWeight(5), StakeWeight(2**128)), (StakeWeight(0), StakeWeight(3))]
    table = table_of(3, weights, OperatorSetId(LOCAL_AVS, 1))
    registrations = [
        OperatorRegistration(operator.address, secret_key(number), {1: operator.weights})
        for number, operator in enumerate(table.operators)
    ]
    chain = verifier.anvil
    deployed = await deploy_local(chain, registrations, [chain.accounts[1].address])
    latest = verifier.contract.call("latestReferenceTimestamp", (str(LOCAL_AVS), 1))
    call = {"to": str(deployed.operator_table), "data": "0x" + latest.hex()}
    timestamp = int(await chain.request("eth_call", call, "latest"), 16)
    for slot, value in published(replace(table, reference_timestamp=ReferenceTimestamp(timestamp))).items():
        stored = await chain.request("eth_getStorageAt", str(deployed.operator_table), slot, "latest")
        assert stored == value


async def test_keys_and_signatures_of_the_cases_are_ordinary_ones() -> None:
    table = table_of(5, [(StakeWeight(1),)])
    made = signatures(table, MESSAGE, (0, 2, 4))
    for number in (0, 2, 4):
        secret = secret_key(number)
        assert public_keys()[number] == secret.public_key(BACKEND)
        assert made[address(number)] == sign(secret, table.digest(MESSAGE), BACKEND)


# ── Thresholds ────────────────────────────────────────────────────────────────────────────────────────


@settings(laws, max_examples=EXAMPLES // 2)
@given(cases(largest=12), st.data())
async def test_the_verifiers_threshold_is_floored_and_ours_is_never_laxer(
    verifier: Verifier, case: Case, data: st.DataObject
) -> None:
    total = case.table.total_weights
    bps = data.draw(st.lists(st.integers(0, 10_000), min_size=len(total), max_size=len(total)))
    thresholds = [BasisPoints(one) for one in bps]
    floored = all(
        verifier_accepts((have,), (whole,), threshold)
        for have, whole, threshold in zip(case.signed, total, thresholds, strict=True)
    )
    encoded = case.certificate.encode()
    assert await verifier.accepts(encoded, case.table, thresholds) is floored
    if all(quorum_reached(case.signed, total, threshold) for threshold in thresholds):
        assert floored


# ── Bytes ─────────────────────────────────────────────────────────────────────────────────────────────


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailbox(verifier: Verifier) -> str:
    """Encodes what it is given, as its compiler does."""
    nobody = str(Address(bytes(20)))
    return await deploy(verifier.anvil, load_contract("TaskMailbox"), nobody, nobody)


@settings(laws, max_examples=EXAMPLES // 2)
@given(cases())
async def test_solidity_encodes_it_to_the_same_bytes(verifier: Verifier, mailbox: str, case: Case) -> None:
    encoded = case.certificate.encode()
    function = "getBN254CertificateBytes"
    assert await encoded_by_mailbox(verifier.anvil, mailbox, function, encoded) == encoded


def by_hand(certificate: Certificate) -> bytes:
    """abi.encode of `BN254Certificate`, word by word as the ABI's specification has it."""
    head = [
        WORD,
        certificate.reference_timestamp,
        int.from_bytes(certificate.message_hash, "big"),
        certificate.signature.x,
        certificate.signature.y,
        certificate.apk.x_imaginary,
        certificate.apk.x_real,
        certificate.apk.y_imaginary,
        certificate.apk.y_real,
        9 * WORD,
    ]
    tails = [witness_by_hand(witness) for witness in certificate.non_signer_witnesses]
    offsets, at = [], len(tails) * WORD
    for tail in tails:
        offsets.append(at)
        at += len(tail)
    return words(*head, len(tails), *offsets) + b"".join(tails)


def witness_by_hand(witness: NonSignerWitness) -> bytes:
    proof, info = witness.operator_info_proof, witness.operator_info
    assert len(proof) % WORD == 0
    head = words(witness.operator_index, 3 * WORD, 4 * WORD + len(proof), len(proof))
    weights = words(len(info.weights), *info.weights)
    return head + proof + words(info.pubkey.x, info.pubkey.y, 3 * WORD) + weights


def words(*values: int) -> bytes:
    return b"".join(value.to_bytes(WORD, "big") for value in values)


async def test_no_bit_of_a_certificate_may_change(verifier: Verifier) -> None:
    """All of them, one after another. The contract's decoder follows an offset or a length wherever it leads, and ours
    does not; so where ours cannot read the bytes the contract may find another reason to refuse.
    """
    case = Case(table_of(3, [(StakeWeight(5),), (StakeWeight(6),)]), (0, 2), MESSAGE)
    encoded = case.certificate.encode()
    outcomes = await side_by_side(refused(verifier, encoded, bit, case) for bit in range(8 * len(encoded)))
    assert len(outcomes) == 8 * 736
    expected = {
        "VerificationFailed",
        "InvalidPoint",
        "InvalidOperatorIndex",
        "ReferenceTimestampDoesNotExist",
    }
    assert expected < set(outcomes), Counter(outcomes)


async def test_without_witnesses_the_sign_of_their_offset_is_the_one_bit_that_may(verifier: Verifier) -> None:
    """Solidity takes the offset as a signed number, finds nothing that far away, and that is no witness, as before."""
    case = Case(table_of(3, [(StakeWeight(5),), (StakeWeight(6),)]), (0, 1, 2), MESSAGE)
    encoded = case.certificate.encode()
    spoilt = flipped(encoded, SIGN_OF_WITNESSES)
    assert judge(spoilt, case.table) == UNREADABLE
    assert await verifier.verify(spoilt, case.table) == case.signed
    others = (bit for bit in range(8 * len(encoded)) if bit != SIGN_OF_WITNESSES)
    assert len(await side_by_side(refused(verifier, encoded, bit, case) for bit in others)) == 8 * 352 - 1


@settings(laws, max_examples=EXAMPLES // 4)
@given(cases(), st.lists(st.integers(0), min_size=AT_ONCE, max_size=AT_ONCE))
async def test_no_bit_of_any_certificate_may_change(verifier: Verifier, case: Case, bits: list[int]) -> None:
    encoded = case.certificate.encode()
    places = [bit % (8 * len(encoded)) for bit in bits]
    assume(case.absent > 0 or SIGN_OF_WITNESSES not in places)
    await asyncio.gather(*(refused(verifier, encoded, bit, case) for bit in places))


async def refused(verifier: Verifier, encoded: bytes, bit: int, case: Case) -> str:
    spoilt = flipped(encoded, bit)
    ours, theirs = judge(spoilt, case.table), await verifier.verify(spoilt, case.table)
    assert isinstance(ours, str), f"Python takes it: {bit}"
    assert isinstance(theirs, str), f"the contract takes it: {bit}"
    assert ours in (UNREADABLE, theirs), bit
    return ours


def flipped(encoded: bytes, bit: int) -> bytes:
    changed = bytearray(encoded)
    changed[bit // 8] ^= 1 << (7 - bit % 8)
    return bytes(changed)


async def side_by_side(checks: Iterable[Coroutine[None, None, str]]) -> list[str]:
    outcomes: list[str] = []
    for some in batched(checks, SIDE_BY_SIDE):
        outcomes += await asyncio.gather(*some)
    return outcomes


def batched(
    items: Iterable[Coroutine[None, None, str]], size: int
) -> Iterator[list[Coroutine[None, None, str]]]:
    rest = iter(items)
    while batch := list(islice(rest, size)):
        yield batch


# ── What somebody spoils is refused ───────────────────────────────────────────────────────────────────


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
@settings(laws, max_examples=SPOILT_EXAMPLES)
@given(st.data())
async def test_a_spoilt_certificate_is_refused_for_the_same_reason(
    verifier: Verifier, spoil: Spoil, data: st.DataObject
) -> None:
    reason, absent = SPOILT[spoil]
    case = data.draw(cases(smallest=absent + 1).filter(lambda one: one.absent >= absent))
    spoilt = spoil(case)
    assert spoilt != case.certificate
    assert judge(spoilt.encode(), case.table) == reason
    assert await verifier.verify(spoilt.encode(), case.table) == reason


@settings(laws, max_examples=SPOILT_EXAMPLES)
@given(cases())
async def test_another_tables_certificate_is_refused(verifier: Verifier, case: Case) -> None:
    """One operator more, and every index and key is as it was, but not the sum."""
    grown = replace(
        case.table,
        operators=(*case.table.operators, table_of(LARGEST, [case.signed]).operators[-1]),
    )
    assert judge(case.certificate.encode(), grown) == "VerificationFailed"
    assert await verifier.verify(case.certificate.encode(), grown) == "VerificationFailed"


async def test_nobody_is_as_good_as_nothing(verifier: Verifier) -> None:
    """EigenLayer's verifier accepts zeros with a weight of zero; whoever asks it has to refuse them."""
    table = table_of(3, [(StakeWeight(7), StakeWeight(1))])
    witnesses = tuple(
        NonSignerWitness(index, table.proof(index), operator.info)
        for index, operator in enumerate(table.operators)
    )
    zeros = Certificate(TIMESTAMP, MESSAGE, G1Point(0, 0), G2Point(0, 0, 0, 0), witnesses)
    assert judge(zeros.encode(), table) == (0, 0)
    assert await verifier.verify(zeros.encode(), table) == (0, 0)
    assert not quorum_reached((StakeWeight(0), StakeWeight(0)), table.total_weights, BasisPoints(0))
