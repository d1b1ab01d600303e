"""Both backends and the contract agree: a thousand generated signatures, and every way to spoil one."""

import asyncio
from collections.abc import AsyncIterator
from random import Random

import pytest

from hourglass.bls.curve import (
    FIELD_MODULUS,
    G1_GENERATOR,
    G1_IDENTITY,
    SUBGROUP_ORDER,
    G1Point,
    G2Point,
)
from hourglass.bls.keys import SecretKey
from hourglass.bls.mcl import MclBackend
from hourglass.bls.reference import ReferenceBackend
from hourglass.bls.signatures import sign, verify
from hourglass.chain.codec import load_contract
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import deploy_local

CASES = 1_000
SIDE_BY_SIDE = 16
MCL, REFERENCE = MclBackend(), ReferenceBackend()


class Contract:
    """`OperatorTable.trySignatureVerification` on a real chain."""

    def __init__(self, anvil: Anvil, table: str) -> None:
        self.anvil, self.table = anvil, table
        self.codec = load_contract("OperatorTable")
        self.room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def accepts(self, digest: bytes, g1: G1Point, g2: G2Point, signature: G1Point) -> bool:
        """Both of its booleans; False if it reverts."""
        data = self.codec.call(
            "trySignatureVerification",
            digest,
            (g1.x, g1.y),
            (g2.words[:2], g2.words[2:]),
            (signature.x, signature.y),
        )
        async with self.room:
            try:
                answer = await self.anvil.request(
                    "eth_call", {"to": self.table, "data": "0x" + data.hex()}, "latest"
                )
            except Exception as error:
                assert "revert" in str(error).lower() or "Refused" in type(error).__name__, error
                return False
        return all(self.codec.answer("trySignatureVerification", bytes.fromhex(answer[2:])))


@pytest.fixture
async def contract() -> AsyncIterator[Contract]:
    async with Anvil.start() as anvil:
        deployed = await deploy_local(anvil, [], [anvil.accounts[1].address])
        yield Contract(anvil, str(deployed.operator_table))


def case(chance: Random) -> tuple[list[SecretKey], bytes]:
    count = chance.randint(1, 4)
    keys = [SecretKey(chance.randrange(1, SUBGROUP_ORDER)) for _ in range(count)]
    return keys, chance.randbytes(32)


async def test_the_contract_accepts_every_generated_aggregate_and_refuses_every_spoiled_one(
    contract: Contract,
) -> None:
    chance = Random(20_261_123)

    async def check(number: int) -> None:
        keys, digest = case(chance)
        signatures = [sign(key, digest, MCL) for key in keys]
        assert signatures[0] == sign(keys[0], digest, REFERENCE)
        publics = [key.public_key(MCL) for key in keys]
        g1 = MCL.g1_sum([public.g1 for public in publics])
        g2 = MCL.g2_sum([public.g2 for public in publics])
        whole = MCL.g1_sum(signatures)
        assert whole == REFERENCE.g1_sum(signatures)
        assert verify(g2, digest, whole, MCL)
        assert await contract.accepts(digest, g1, g2, whole)

        other = chance.randbytes(32)
        spoiled = (
            (other, g1, g2, whole),
            (digest, g1, g2, -whole),
            (digest, g1, g2, MCL.g1_sum([whole, G1_GENERATOR])),
            (digest, MCL.g1_sum([g1, G1_GENERATOR]), g2, whole),
            (digest, g1, -g2, whole),
            (digest, g1, g2, G1_IDENTITY),
            (digest, g1, g2, G1Point(whole.x, (whole.y + 1) % FIELD_MODULUS)),
        )[number % 7]
        assert not await contract.accepts(*spoiled)
        if number % 7 in (0, 1, 2, 5):
            assert not verify(spoiled[2], spoiled[0], spoiled[3], MCL)

    for start in range(0, CASES, 100):
        await asyncio.gather(*(check(number) for number in range(start, start + 100)))


async def test_the_reference_backend_verifies_what_mcl_and_the_contract_verify(contract: Contract) -> None:
    chance = Random(7)
    for _ in range(4):
        keys, digest = case(chance)
        signature, public = sign(keys[0], digest, REFERENCE), keys[0].public_key(REFERENCE)
        assert verify(public.g2, digest, signature, REFERENCE)
        assert verify(public.g2, digest, signature, MCL)
        assert await contract.accepts(digest, public.g1, public.g2, signature)
        assert not verify(public.g2, chance.randbytes(32), signature, REFERENCE)
