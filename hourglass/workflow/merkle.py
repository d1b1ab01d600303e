"""A Merkle root over the observed values, and proofs that OpenZeppelin's `MerkleProof.verify` takes.

The tree is that of OpenZeppelin's StandardMerkleTree (npm @openzeppelin/merkle-tree): leaves are hashed twice, so that
no inner node passes for one, and sorted; pairs are hashed smaller first, so that a proof needs no sides. For values
that are `abi.encode`d rows, roots are the same as that library's.
"""

from collections.abc import Iterable, Sequence

from eth_hash.auto import keccak

from hourglass.workflow.reducers import Weighed, reducer, with_stake


@reducer("merkle_root")
def merkle_root(observations: Sequence[Weighed[bytes]]) -> bytes:
    """The root over all values, 32 bytes. One liar can add one leaf.

    A value that two operators observed is in the tree twice; its proof is good all the same.
    """
    return merkle_root_of(observation.value for observation in with_stake(observations))


def merkle_root_of(values: Iterable[bytes]) -> bytes:
    """The root over these values, in any order. Raises ValueError if there is none."""
    return _tree(values)[0]


def merkle_proof(values: Iterable[bytes], value: bytes) -> tuple[bytes, ...]:
    """The proof that `value` is under `merkle_root_of(values)`: siblings from its leaf up, each 32 bytes.

    On-chain: `MerkleProof.verify(proof, root, keccak256(bytes.concat(keccak256(value))))`. Raises ValueError if
    the value is not among the values.
    """
    tree = _tree(values)
    # The leaves are the tree's second half.
    try:
        at = tree.index(_leaf(value), len(tree) // 2)
    except ValueError as error:
        raise ValueError("the value is not among those of the tree") from error
    proof = []
    while at > 0:
        # Children stand at odd places on the left, at even ones on the right.
        proof.append(tree[at + 1 if at % 2 else at - 1])
        at = (at - 1) // 2
    return tuple(proof)


def _leaf(value: bytes) -> bytes:
    return keccak(keccak(value))


def _tree(values: Iterable[bytes]) -> list[bytes]:
    """The complete binary tree as a heap: the children of node i are 2i + 1 and 2i + 2, the leaves stand last."""
    leaves = sorted(map(_leaf, values), reverse=True)
    if not leaves:
        raise ValueError("a Merkle tree needs a value")
    tree = [b""] * (len(leaves) - 1) + leaves
    for at in reversed(range(len(leaves) - 1)):
        tree[at] = keccak(b"".join(sorted(tree[2 * at + 1 : 2 * at + 3])))
    return tree
