"""Leaves, trees and proofs of operator tables, as Hourglass and EigenLayer's contracts build them."""

from typing import Any

import pytest
from vectors import load, raw

from hourglass.bls.curve import G1Point
from hourglass.certificate.operators import LEAF_SALT, OperatorInfo, merkle_levels, merkle_root
from hourglass.workflow.identifiers import StakeWeight

VECTORS = load("operator_info_tree")


@pytest.mark.parametrize("case", VECTORS["leaves"], ids=lambda case: case["leaf"][:10])
def test_a_leaf_is_the_salted_hash_of_a_key_and_its_weights(case: dict[str, Any]) -> None:
    pubkey = G1Point(*(int(part, 0) for part in case["pubkey"]))
    info = OperatorInfo(pubkey, tuple(StakeWeight(int(weight)) for weight in case["weights"]))
    if "preimage" in case:
        assert LEAF_SALT + info.encode() == raw(case["preimage"])
    assert info.leaf() == raw(case["leaf"])


def test_some_leaves_have_their_preimages_by_them() -> None:
    assert sum("preimage" in case for case in VECTORS["leaves"]) >= 4


@pytest.mark.parametrize(
    "case", VECTORS["trees"], ids=lambda case: f"{len(case['leaves'])}-{case['root'][:10]}"
)
def test_a_tree_and_all_its_proofs(case: dict[str, Any]) -> None:
    leaves = [raw(leaf) for leaf in case["leaves"]]
    levels = merkle_levels(leaves)
    assert levels[-1][0] == raw(case["root"])
    assert len(case["proofs"]) == len(leaves)
    for index, proof in enumerate(case["proofs"]):
        siblings = b"".join(level[(index >> depth) ^ 1] for depth, level in enumerate(levels[:-1]))
        assert siblings == raw(proof)
        assert merkle_root(leaves[index], index, raw(proof)) == raw(case["root"])
