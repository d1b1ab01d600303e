"""What differs between the curves, told apart in one place: both make certificates that their verifier accepts."""

from collections.abc import Callable

import pytest
import samples
from hypothesis import given
from hypothesis import strategies as st

from hourglass.bls.curve import G1Point
from hourglass.bls.signatures import sign
from hourglass.certificate.certificates import Certificate
from hourglass.certificate.curves import (
    AnyTable,
    BadSignatures,
    Signature,
    certify_or_blame,
    decode_certificate,
    read_signature,
    verify_any,
)
from hourglass.certificate.digests import ecdsa_domain_separator
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.ecdsa_table import EcdsaCertificate, EcdsaOperator, EcdsaOperatorTable
from hourglass.certificate.operators import CurveType
from hourglass.errors import PointError, RefusedError
from hourglass.workflow.identifiers import Address, MessageHash, StakeWeight

MESSAGE = MessageHash(b"\x07" * 32)
KEYS = [bytes([0x40 + number]) * 32 for number in range(5)]
ECDSA = EcdsaOperatorTable(
    samples.SET,
    samples.TIMESTAMP,
    0,
    tuple(
        EcdsaOperator(operator, address_of(key), (StakeWeight(weight),))
        for operator, key, weight in zip(samples.OPERATORS, KEYS, samples.WEIGHTS, strict=True)
    ),
    ecdsa_domain_separator(Address(b"\xec" * 20)),
)


def by_bls(number: int) -> bytes:
    return sign(samples.KEYS[number], samples.TABLE.digest(MESSAGE), samples.BACKEND).to_bytes()


def by_ecdsa(number: int) -> bytes:
    return sign_digest(KEYS[number], ECDSA.digest(MESSAGE))


CURVES: list[tuple[AnyTable, Callable[[int], bytes]]] = [(samples.TABLE, by_bls), (ECDSA, by_ecdsa)]
signers = st.sets(st.integers(0, 4), min_size=1)


def read(table: AnyTable, who: dict[int, bytes]) -> dict[Address, Signature]:
    return {samples.OPERATORS[number]: read_signature(table, raw) for number, raw in who.items()}


def entropy(length: int) -> bytes:
    return b"\x5a" * length


@pytest.mark.parametrize(("table", "by"), CURVES)
@given(chosen=signers)
def test_any_members_make_a_certificate_of_their_stake(
    table: AnyTable, by: Callable[[int], bytes], chosen: set[int]
) -> None:
    made = certify_or_blame(table, MESSAGE, read(table, {n: by(n) for n in chosen}), samples.BACKEND, entropy)
    assert not isinstance(made, BadSignatures)
    assert verify_any(made, table, samples.BACKEND) == (sum(samples.WEIGHTS[n] for n in chosen),)
    assert decode_certificate(table, made.encode()) == made


@pytest.mark.parametrize(("table", "by"), CURVES)
@given(chosen=signers, data=st.data())
def test_those_who_signed_something_else_are_named(
    table: AnyTable, by: Callable[[int], bytes], chosen: set[int], data: st.DataObject
) -> None:
    bad = data.draw(st.sets(st.sampled_from(sorted(chosen)), min_size=1))
    # Another member's signature: well-formed, and not theirs.
    given_ = {n: by((n + 1) % 5) if n in bad else by(n) for n in chosen}
    made = certify_or_blame(table, MESSAGE, read(table, given_), samples.BACKEND, entropy)
    if isinstance(made, BadSignatures):
        assert set(made.operators) == {samples.OPERATORS[n] for n in bad}
    else:
        # On BN254 the signers may have swapped signatures among themselves: their sum is the same.
        assert bad == chosen
        assert len(chosen) == 5
        assert table.curve is CurveType.BN254


def test_a_signature_of_the_other_curve_s_length_is_none() -> None:
    with pytest.raises(PointError):
        read_signature(ECDSA, by_bls(0))
    with pytest.raises(ValueError):
        read_signature(samples.TABLE, by_ecdsa(0))


def test_a_certificate_of_one_curve_is_for_no_table_of_the_other() -> None:
    made = certify_or_blame(ECDSA, MESSAGE, read(ECDSA, {0: by_ecdsa(0)}), samples.BACKEND, entropy)
    assert isinstance(made, EcdsaCertificate)
    with pytest.raises(TypeError):
        verify_any(made, samples.TABLE, samples.BACKEND)


def test_a_malleated_signature_and_a_repeated_one_are_refused() -> None:
    raw = by_ecdsa(0)
    order = 0xFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFFEBAAEDCE6AF48A03BBFD25E8CD0364141
    s = order - int.from_bytes(raw[32:64], "big")
    malleated = raw[:32] + s.to_bytes(32, "big") + bytes([55 - raw[64]])
    for signatures in (malleated, raw + raw, raw[:-1], b"", raw[:64] + b"\x00"):
        certificate = EcdsaCertificate(samples.TIMESTAMP, MESSAGE, signatures)
        with pytest.raises(RefusedError):
            verify_any(certificate, ECDSA, samples.BACKEND)


def test_a_key_stands_for_its_operator_and_no_other() -> None:
    assert ECDSA.holder_of(address_of(KEYS[2])) == ECDSA.operators[2]
    assert ECDSA.holder_of(samples.OPERATORS[2]) is None
    with pytest.raises(ValueError):
        EcdsaOperatorTable(
            samples.SET, samples.TIMESTAMP, 0, (ECDSA.operators[0], ECDSA.operators[0]), bytes(32)
        )
    twice = EcdsaOperator(samples.OPERATORS[1], ECDSA.operators[0].key, ECDSA.operators[0].weights)
    with pytest.raises(ValueError):
        EcdsaOperatorTable(samples.SET, samples.TIMESTAMP, 0, (ECDSA.operators[0], twice), bytes(32))


def test_the_verifier_s_address_is_in_what_is_signed() -> None:
    other = EcdsaOperatorTable(
        samples.SET, samples.TIMESTAMP, 0, ECDSA.operators, ecdsa_domain_separator(Address(b"\xed" * 20))
    )
    assert other.digest(MESSAGE) != ECDSA.digest(MESSAGE)
    bls = samples.TABLE.digest(MESSAGE)
    assert bls not in (other.digest(MESSAGE), ECDSA.digest(MESSAGE))
    assert isinstance(read_signature(samples.TABLE, by_bls(0)), G1Point)
    made = certify_or_blame(
        samples.TABLE, MESSAGE, read(samples.TABLE, {0: by_bls(0)}), samples.BACKEND, entropy
    )
    assert isinstance(made, Certificate)
