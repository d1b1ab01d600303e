"""Merkle roots: proofs verify as OpenZeppelin's contract verifies them, and nothing else does."""

from collections.abc import Sequence

import pytest
from eth_hash.auto import keccak
from hypothesis import given
from hypothesis import strategies as st

from hourglass.workflow.abi import encode
from hourglass.workflow.identifiers import StakeWeight
from hourglass.workflow.merkle import merkle_proof, merkle_root, merkle_root_of
from hourglass.workflow.reducers import Weighed

VALUES = st.lists(st.binary(max_size=70), min_size=1, max_size=20)


def root_by_proof(proof: Sequence[bytes], leaf: bytes) -> bytes:
    """MerkleProof.processProof."""
    computed = leaf
    for sibling in proof:
        computed = keccak(computed + sibling if computed < sibling else sibling + computed)
    return computed


def verifies(proof: Sequence[bytes], root: bytes, value: bytes) -> bool:
    return root_by_proof(proof, keccak(keccak(value))) == root


@given(VALUES)
def test_every_value_s_proof_verifies(values: list[bytes]) -> None:
    root = merkle_root_of(values)
    assert len(root) == 32
    assert all(verifies(merkle_proof(values, value), root, value) for value in values)


@given(VALUES, st.binary(max_size=70), st.data())
def test_no_other_value_passes_by_a_proof_of_one(
    values: list[bytes], other: bytes, data: st.DataObject
) -> None:
    proof = merkle_proof(values, data.draw(st.sampled_from(values)))
    if other not in values:
        assert not verifies(proof, merkle_root_of(values), other)
        with pytest.raises(ValueError, match="not among"):
            merkle_proof(values, other)


def test_an_inner_node_does_not_pass_for_a_value() -> None:
    values = [b"a", b"b", b"c", b"d"]
    proof = merkle_proof(values, b"a")
    leaf = keccak(keccak(b"a"))
    inner = b"".join(sorted([leaf, proof[0]]))
    assert root_by_proof(proof[1:], keccak(inner)) == merkle_root_of(values)
    assert not verifies(proof[1:], merkle_root_of(values), inner)


@given(VALUES, st.data())
def test_proofs_do_not_depend_on_the_order_of_values(values: list[bytes], data: st.DataObject) -> None:
    shuffled = data.draw(st.permutations(values))
    assert merkle_root_of(shuffled) == merkle_root_of(values)
    assert merkle_proof(shuffled, values[0]) == merkle_proof(values, values[0])


@given(VALUES, st.binary(max_size=70))
def test_another_value_gives_another_root(values: list[bytes], more: bytes) -> None:
    assert merkle_root_of([*values, more]) != merkle_root_of(values)


@pytest.mark.parametrize("count", [1, 2, 3, 4, 5, 7, 8, 9, 33])
def test_a_proof_is_as_long_as_a_complete_tree_is_deep(count: int) -> None:
    values = [index.to_bytes(1, "big") for index in range(count)]
    lengths = {len(merkle_proof(values, value)) for value in values}
    assert lengths <= {count.bit_length() - 1, (count - 1).bit_length()}


def test_of_one_value_the_root_is_its_leaf_and_its_proof_is_empty() -> None:
    assert merkle_root_of([b"only"]) == keccak(keccak(b"only"))
    assert merkle_proof([b"only"], b"only") == ()
    with pytest.raises(ValueError, match="needs a value"):
        merkle_root_of([])


def test_the_reducer_takes_every_observed_value_once_per_operator() -> None:
    observations = [Weighed(value, StakeWeight(1)) for value in (b"b", b"a", b"b")]
    assert merkle_root.reduce(observations) == merkle_root_of([b"a", b"b", b"b"])


def test_roots_and_proofs_are_openzeppelin_s() -> None:
    """Made with npm @openzeppelin/merkle-tree 1.0.8: `StandardMerkleTree.of(rows, ["uint256", "uint256"])`."""
    rows = [encode(["uint256", "uint256"], [number, 10 * number]) for number in range(1, 6)]
    assert merkle_root_of(rows).hex() == "fb0fdb5b1a132264466b3f8ce134ea1c3a98593e3e9508ca95d4b9a00298fed1"
    assert [sibling.hex() for sibling in merkle_proof(rows, rows[2])] == [
        "61fd648a2b804b9da8b72c7d720920b68f34713575f699c0960534b9ac869044",
        "f6bc57c55dbd3518805d9edfd6effa3e974a3421faf144b1c221bdacb44f1012",
        "6aad27a18980a3d963565ce1fa9fb4b1efb673c3af2a56ce2c480961db6a1ed0",
    ]
    twice = [encode(["uint256"], [number]) for number in (1, 1, 2)]
    assert merkle_root_of(twice).hex() == "29b54a7508ce244765d946f678d1ed5b8c2ace4ee330131c41f4495137977498"
    # And `SimpleMerkleTree.of` of the doubly hashed letters.
    letters = merkle_root_of([b"a", b"b", b"c"])
    assert letters.hex() == "03b6341f8c55727f122f11d417d0d71ffdcd97524ddec8635b9aee3d7f565d74"
