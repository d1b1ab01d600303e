"""Measures certificates: one optimistic aggregate against verifying the same signatures one by one.

CPU time, best of some repetitions, everything in one run on one machine: read the ratios. Every repetition gets
signatures of a new digest, as every certificate does, so nothing is faster for having been seen before; only the
operators' keys are the same, as they are to an aggregator.
"""

import secrets
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from hourglass.bls.blame import Entry, find_invalid
from hourglass.bls.curve import G1_GENERATOR, Backend, G1Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import ENTROPY_BYTES, SecretKey
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import default_backend, sign, verify
from hourglass.certificate.certificates import Certificate, certify
from hourglass.certificate.digests import certificate_digest
from hourglass.certificate.operators import Operator, OperatorTable
from hourglass.workflow.identifiers import (
    ADDRESS_BYTES,
    Address,
    Digest,
    MessageHash,
    OperatorSetId,
    ReferenceTimestamp,
    StakeWeight,
)

REPETITIONS = 5
ONE_BY_ONE_SAMPLE = 64
"""One-by-one is linear, so at most this many are measured and the rest is extrapolated."""
REFERENCE_SAMPLE = 2
BAD_SIGNERS = 10

Case = TypeVar("Case")


@dataclass(frozen=True, slots=True)
class Members:
    """A table and its members' secrets, in the table's order."""

    table: OperatorTable
    secret_keys: tuple[SecretKey, ...]


@dataclass(frozen=True, slots=True)
class Signed:
    """A table of which everybody has signed one digest; signatures as they arrive, in bytes."""

    table: OperatorTable
    message_hash: MessageHash
    digest: Digest
    signatures: dict[Address, bytes]


def measure(sizes: Sequence[int]) -> list[dict[str, Any]]:
    """One row per size. Milliseconds of CPU."""
    backend = default_backend()
    return [_row(backend, size) for size in sizes]


def prepare(backend: Backend, size: int) -> Members:
    """Keys and a table; not measured."""
    secret_keys = tuple(SecretKey.from_entropy(secrets.token_bytes(ENTROPY_BYTES)) for _ in range(size))
    operators = tuple(
        Operator(Address(index.to_bytes(ADDRESS_BYTES, "big")), key.g1, key.g2, (StakeWeight(100),))
        for index, key in enumerate(secret.public_key(backend) for secret in secret_keys)
    )
    avs = Address(secrets.token_bytes(ADDRESS_BYTES))
    table = OperatorTable(OperatorSetId(avs, 1), ReferenceTimestamp(1), 0, operators, backend)
    # Once per table, not per certificate: keys are summed and checked when the table is read.
    _ = table.aggregate_g2
    return Members(table, secret_keys)


def sign_all(members: Members, backend: Backend) -> Signed:
    """Everybody signs a digest that nobody has seen; not measured."""
    message_hash = MessageHash(secrets.token_bytes(32))
    digest = certificate_digest(members.table.reference_timestamp, message_hash)
    signatures = {
        operator.address: sign(secret, digest, backend).to_bytes()
        for operator, secret in zip(members.table.operators, members.secret_keys, strict=True)
    }
    hash_to_g1.cache_clear()  # signing has found the digest's point already; an aggregator has not signed
    return Signed(members.table, message_hash, digest, signatures)


def optimistic(signed: Signed, backend: Backend) -> Certificate:
    """What an aggregator does: parse and check each point, sum, build the certificate, one pairing check."""
    points = {who: G1Point.from_bytes(data) for who, data in signed.signatures.items()}
    certificate = certify(signed.table, signed.message_hash, points, backend)
    if not verify(certificate.apk, signed.digest, certificate.signature, backend):
        raise ValueError("the certificate of valid signatures does not verify")
    return certificate


def _row(backend: Backend, size: int) -> dict[str, Any]:
    members = prepare(backend, size)
    ours = _best_ms(
        [sign_all(members, backend) for _ in range(REPETITIONS)], lambda s: optimistic(s, backend)
    )
    single = _one_by_one_ms(sign_all(members, backend), backend, ONE_BY_ONE_SAMPLE) * size
    reference = _one_by_one_ms(sign_all(members, backend), ReferenceBackend(), REFERENCE_SAMPLE) * size
    blame = _blame_ms(members, backend) if size > BAD_SIGNERS else None
    return {
        "operators": size,
        "certified (ms)": round(ours, 2),
        f"one by one, {backend.name} (ms)": round(single, 1),
        "times cheaper": round(single / ours, 1),
        "one by one, py_ecc (ms)": round(reference),
        "times cheaper than py_ecc": round(reference / ours),
        f"{BAD_SIGNERS} bad named (ms)": "" if blame is None else round(blame, 1),
    }


def _one_by_one_ms(signed: Signed, backend: Backend, most: int) -> float:
    sample = list(signed.signatures.items())[:most]

    def check(one: tuple[Address, bytes]) -> None:
        who, data = one
        key = signed.table.operator(who).pubkey_g2
        if not verify(key, signed.digest, G1Point.from_bytes(data), backend):
            raise ValueError("a valid signature does not verify")

    return _best_ms(sample, check)


@dataclass(frozen=True, slots=True)
class _Spoiled:
    digest: Digest
    entries: tuple[Entry, ...]
    bad: tuple[int, ...]


def _spoil(signed: Signed, backend: Backend) -> _Spoiled:
    bad = frozenset(secrets.SystemRandom().sample(sorted(signed.signatures), BAD_SIGNERS))
    entries = []
    for who, data in signed.signatures.items():
        point = G1Point.from_bytes(data)
        spoiled = backend.g1_sum([point, G1_GENERATOR]) if who in bad else point
        entries.append((signed.table.operator(who).pubkey_g2, spoiled))
    expected = tuple(index for index, who in enumerate(signed.signatures) if who in bad)
    return _Spoiled(signed.digest, tuple(entries), expected)


def _blame_ms(members: Members, backend: Backend) -> float:
    def name_them(spoiled: _Spoiled) -> None:
        if find_invalid(backend, spoiled.digest, spoiled.entries, secrets.token_bytes) != spoiled.bad:
            raise ValueError("the wrong signers were named")

    cases = [_spoil(sign_all(members, backend), backend) for _ in range(REPETITIONS)]
    return _best_ms(cases, name_them)


def _best_ms(cases: Sequence[Case], run: Callable[[Case], object]) -> float:
    """The quickest of the cases, each run once."""
    best = float("inf")
    for case in cases:
        begun = time.process_time()
        run(case)
        best = min(best, time.process_time() - begun)
    return best * 1000
