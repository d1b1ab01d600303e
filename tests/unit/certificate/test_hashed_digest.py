"""A digest that remembers its preimage is the same 32 bytes wherever it goes."""

import copy
import pickle

from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from hourglass.certificate.ecdsa_signer import HashedDigest


@given(st.binary(max_size=80))
def test_it_is_the_hash_and_stays_it(preimage: bytes) -> None:
    digest, plain = HashedDigest(preimage), bytes(keccak(preimage))
    for one in (digest, copy.copy(digest), copy.deepcopy(digest), pickle.loads(pickle.dumps(digest))):
        assert one == plain
        assert hash(one) == hash(plain)
        assert {one: 1}[plain] == 1
        assert one.preimage == preimage
        assert one.hex() == plain.hex()
