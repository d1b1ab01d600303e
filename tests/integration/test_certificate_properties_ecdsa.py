"""Laws of certificates of ECDSA operator sets: what our code makes is accepted by the contract and by our Python with
exactly its signers' weights, and what somebody spoils is refused by both, for the same reason.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from dataclasses import replace

import pytest
import pytest_asyncio
from ecdsa_cases import EcdsaCase, ecdsa_cases, ecdsa_table_of
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from verifier import UNREADABLE, WORD, Verifier, deploy, deployed_ecdsa_verifier, encoded_by_mailbox, judge

from hourglass.certificate.digests import ecdsa_domain_separator
from hourglass.certificate.ecdsa import SIGNATURE_BYTES
from hourglass.certificate.ecdsa_table import EcdsaCertificate
from hourglass.certificate.quorum import verifier_accepts
from hourglass.chain.codec import load_contract
from hourglass.workflow.identifiers import Address, BasisPoints, MessageHash, ReferenceTimestamp, StakeWeight

FIRST_DEPLOYED = Address.parse("0x5FbDB2315678afecb367f032d93F642f64180aa3")
"""What anvil's first account deploys first; the domain binds it."""
DOMAIN = ecdsa_domain_separator(FIRST_DEPLOYED)
ORDER = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
"""Of secp256k1."""
EXAMPLES = 300
SPOILT_EXAMPLES = 25
SIDE_BY_SIDE = 64

pytestmark = [pytest.mark.asyncio(loop_scope="module"), pytest.mark.timeout(300)]
laws = settings(
    max_examples=EXAMPLES,
    deadline=None,
    database=None,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def verifier() -> AsyncIterator[Verifier]:
    """One for all of them: no call leaves a trace."""
    async with deployed_ecdsa_verifier() as deployed:
        assert Address.parse(deployed.address) == FIRST_DEPLOYED
        yield deployed


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def mailbox(verifier: Verifier) -> str:
    """Encodes what it is given, as its compiler does."""
    nobody = str(Address(bytes(20)))
    return await deploy(verifier.anvil, load_contract("TaskMailbox"), nobody, nobody)


@laws
@given(ecdsa_cases(DOMAIN), st.integers(0, 10_000))
async def test_every_certificate_is_accepted_with_exactly_its_signers_weights(
    verifier: Verifier, case: EcdsaCase, bps: int
) -> None:
    encoded = case.certificate.encode()
    assert encoded == by_hand(case.certificate)
    assert judge(encoded, case.table) == case.signed
    assert await verifier.verify(encoded, case.table) == case.signed
    thresholds = [BasisPoints(bps)] * len(case.signed)
    expected = verifier_accepts(case.signed, case.table.total_weights, BasisPoints(bps))
    assert await verifier.accepts(encoded, case.table, thresholds) is expected


async def test_a_table_that_is_shown_is_the_table_the_contract_has(verifier: Verifier) -> None:
    table = ecdsa_table_of(
        5, [(StakeWeight(5), StakeWeight(2**128)), (StakeWeight(0), StakeWeight(3))], DOMAIN
    )
    of_set = (str(table.operator_set.avs), table.operator_set.number)
    (rows,) = await verifier.ask(table, "getOperatorTable", of_set, table.reference_timestamp)
    assert rows == tuple(
        (str(row.address).lower(), str(row.key).lower(), row.weights) for row in table.operators
    )
    (totals,) = await verifier.ask(table, "getTotalStakeWeights", of_set, table.reference_timestamp)
    assert totals == table.total_weights
    assert await verifier.ask(table, "domainSeparator") == (DOMAIN,)


def by_hand(certificate: EcdsaCertificate) -> bytes:
    """abi.encode of `ECDSACertificate`, word by word as the ABI's specification has it."""
    signatures = certificate.signatures
    head = b"".join(
        word if isinstance(word, bytes) else word.to_bytes(WORD, "big")
        for word in (
            WORD,
            certificate.reference_timestamp,
            certificate.message_hash,
            3 * WORD,
            len(signatures),
        )
    )
    return head + signatures + bytes(-len(signatures) % WORD)


@settings(laws, max_examples=EXAMPLES // 3)
@given(ecdsa_cases(DOMAIN))
async def test_solidity_encodes_it_to_the_same_bytes(
    verifier: Verifier, mailbox: str, case: EcdsaCase
) -> None:
    encoded = case.certificate.encode()
    function = "getECDSACertificateBytes"
    assert await encoded_by_mailbox(verifier.anvil, mailbox, function, encoded) == encoded


# ── What somebody spoils is refused ───────────────────────────────────────────────────────────────────


def mirrored(signature: bytes) -> bytes:
    """The other signature of the same key over the same digest, with a high s."""
    s = ORDER - int.from_bytes(signature[WORD : 2 * WORD], "big")
    return signature[:WORD] + s.to_bytes(WORD, "big") + bytes([27 + 28 - signature[-1]])


def of(case: EcdsaCase, *blocks: bytes) -> EcdsaCertificate:
    return replace(case.certificate, signatures=b"".join(blocks))


def foreign_signer(case: EcdsaCase) -> EcdsaCertificate:
    """In its place among the others."""
    return of(case, case.foreign)


def reversed_order(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, *reversed(case.blocks))


def foreign_signer_out_of_order(case: EcdsaCase) -> EcdsaCertificate:
    """All signatures are read before the first signer is looked for."""
    return of(case, case.foreign, case.foreign)


def same_signer_twice(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, *case.blocks, case.blocks[-1])


def malleated(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, mirrored(case.blocks[0]), *case.blocks[1:])


def same_signer_malleated(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, *case.blocks, mirrored(case.blocks[-1]))


def parity_as_zero_or_one(case: EcdsaCase) -> EcdsaCertificate:
    last = case.blocks[-1]
    return of(case, *case.blocks[:-1], last[:-1] + bytes([last[-1] - 27]))


def zeros(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, bytes(SIGNATURE_BYTES))


def cut_off(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, case.certificate.signatures[:-1])


def one_byte_more(case: EcdsaCase) -> EcdsaCertificate:
    return of(case, case.certificate.signatures, b"\0")


def empty(case: EcdsaCase) -> EcdsaCertificate:
    return of(case)


def other_timestamp(case: EcdsaCase) -> EcdsaCertificate:
    return replace(case.certificate, reference_timestamp=ReferenceTimestamp(1))


SPOILT: dict[Callable[[EcdsaCase], EcdsaCertificate], tuple[str, int]] = {
    foreign_signer: ("VerificationFailed", 1),
    reversed_order: ("SignersNotOrdered", 2),
    foreign_signer_out_of_order: ("SignersNotOrdered", 1),
    same_signer_twice: ("SignersNotOrdered", 1),
    malleated: ("InvalidSignature", 1),
    same_signer_malleated: ("InvalidSignature", 1),
    parity_as_zero_or_one: ("InvalidSignature", 1),
    zeros: ("InvalidSignature", 1),
    cut_off: ("InvalidSignatureLength", 1),
    one_byte_more: ("InvalidSignatureLength", 1),
    empty: ("InvalidSignatureLength", 1),
    other_timestamp: ("ReferenceTimestampDoesNotExist", 1),
}
"""The reason for which it is refused, and how many signers it takes."""


@pytest.mark.parametrize("spoil", SPOILT, ids=lambda spoil: spoil.__name__)
@settings(laws, max_examples=SPOILT_EXAMPLES)
@given(st.data())
async def test_a_spoilt_certificate_is_refused_for_the_same_reason(
    verifier: Verifier, spoil: Callable[[EcdsaCase], EcdsaCertificate], data: st.DataObject
) -> None:
    reason, signers = SPOILT[spoil]
    case = data.draw(ecdsa_cases(DOMAIN, signers))
    spoilt = spoil(case)
    assert spoilt != case.certificate
    assert judge(spoilt.encode(), case.table) == reason
    assert await verifier.verify(spoilt.encode(), case.table) == reason


@settings(laws, max_examples=SPOILT_EXAMPLES)
@given(ecdsa_cases(DOMAIN))
async def test_another_message_has_no_signer_of_the_table(verifier: Verifier, case: EcdsaCase) -> None:
    """Every signature recovers to somebody, but to nobody known: in which order is chance."""
    other = MessageHash(bytes(byte ^ 1 for byte in case.message_hash))
    spoilt = replace(case.certificate, message_hash=other).encode()
    ours, theirs = judge(spoilt, case.table), await verifier.verify(spoilt, case.table)
    assert ours == theirs
    assert ours in ("VerificationFailed", "SignersNotOrdered")


async def test_no_bit_of_a_certificate_may_change_but_padding(verifier: Verifier) -> None:
    """The contract takes `bytes` by their length and does not look at what fills their last word; our decoder refuses
    anything there but zeros.
    """
    table = ecdsa_table_of(3, [(StakeWeight(5),), (StakeWeight(6),)], DOMAIN)
    case = EcdsaCase(table, (0, 2), MessageHash(bytes(range(32))))
    encoded = case.certificate.encode()
    padding = range(8 * (len(encoded) - 30), 8 * len(encoded))
    assert len(case.certificate.signatures) % WORD == WORD - 30

    async def check(bit: int) -> None:
        changed = bytearray(encoded)
        changed[bit // 8] ^= 1 << (7 - bit % 8)
        ours, theirs = judge(bytes(changed), table), await verifier.verify(bytes(changed), table)
        assert isinstance(ours, str), bit
        if bit in padding:
            assert (ours, theirs) == (UNREADABLE, case.signed)
        else:
            assert isinstance(theirs, str), bit
            assert ours in (UNREADABLE, theirs), bit

    for start in range(0, 8 * len(encoded), SIDE_BY_SIDE):
        await asyncio.gather(*map(check, range(start, min(start + SIDE_BY_SIDE, 8 * len(encoded)))))
