"""Bytes that pose as a certificate: a certificate or a DecodingError, and nothing else."""

from contextlib import suppress

import pytest
from certificate_cases import Case, table_of
from ecdsa_cases import EcdsaCase, ecdsa_table_of
from eth_abi.exceptions import DecodingError
from hypothesis import given
from hypothesis import strategies as st

from hourglass.certificate.certificates import Certificate
from hourglass.certificate.ecdsa_table import EcdsaCertificate
from hourglass.workflow.identifiers import WORD_BYTES, MessageHash, StakeWeight

MESSAGE = MessageHash(bytes(range(32)))
ENCODED = {
    Certificate: Case(table_of(3, [(StakeWeight(5),)]), (0,), MESSAGE).certificate.encode(),
    EcdsaCertificate: EcdsaCase(
        ecdsa_table_of(3, [(StakeWeight(5),)], bytes(32)), (0, 2), MESSAGE
    ).certificate.encode(),
}
WORDS = st.sampled_from([0, 1, 31, 32, 33, 2**31, 2**63 - 1, 2**63, 2**64, 2**255, 2**256 - 1])
both = pytest.mark.parametrize("kind", ENCODED, ids=lambda kind: kind.__name__)


@both
@given(data=st.binary(max_size=600))
def test_any_bytes(kind: type[Certificate] | type[EcdsaCertificate], data: bytes) -> None:
    with suppress(DecodingError):
        assert isinstance(kind.decode(data), kind)


@both
@given(place=st.integers(0), word=WORDS | st.integers(0, 2_000), length=st.integers(0))
def test_any_word_of_one_and_any_end(
    kind: type[Certificate] | type[EcdsaCertificate], place: int, word: int, length: int
) -> None:
    """An offset or a length that is larger than any memory is no OverflowError."""
    encoded = ENCODED[kind]
    at = place % (len(encoded) // WORD_BYTES) * WORD_BYTES
    spoilt = encoded[:at] + word.to_bytes(WORD_BYTES, "big") + encoded[at + WORD_BYTES :]
    for data in (spoilt, encoded[: length % len(encoded)]):
        with suppress(DecodingError):
            assert isinstance(kind.decode(data), kind)


@both
def test_a_length_beyond_all_memory_is_a_decoding_error(
    kind: type[Certificate] | type[EcdsaCertificate],
) -> None:
    encoded = ENCODED[kind]
    refused = 0
    for at in range(0, len(encoded), WORD_BYTES):
        spoilt = encoded[:at] + b"\x7f" + encoded[at + 1 :]
        try:
            kind.decode(spoilt)
        except DecodingError:
            refused += 1
    assert refused >= 3
