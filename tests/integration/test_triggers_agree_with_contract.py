"""Python and the contract give the same answer to every condition and to whatever they are judged by."""

import asyncio
import json
from collections import Counter
from collections.abc import AsyncIterator
from dataclasses import astuple
from importlib import resources
from random import Random

import pytest
from trigger_cases import DEPENDENCIES, TriggerCases

from hourglass.certificate.ecdsa import recover_signer
from hourglass.chain.client import RpcRefusedError
from hourglass.chain.codec import load_contract
from hourglass.testing.anvil import Anvil
from hourglass.workflow.triggers import (
    Always,
    Facts,
    TriggerConditionType,
    TriggerDataError,
    TriggerError,
    decode,
    encode,
    holds,
)

CASES = 2_000
SIDE_BY_SIDE = 32
SAMPLES_PER_TYPE = 15
"""Of either answer, so that agreement says something about each type."""
ABI = json.loads(
    resources.files("hourglass.chain").joinpath("abi", "TriggerConditions.json").read_text("utf-8")
)
RULES = {one["name"] for one in ABI["abi"] if one["type"] == "error"} - {
    "TriggerDataMalformed",
    "TriggerFactsMismatch",
}
"""The contract's refusals of a condition."""


class Contract:
    """`TriggerConditions` on a real chain. Its answers are booleans, or the names of its errors."""

    def __init__(self, anvil: Anvil, address: str) -> None:
        self.anvil, self.address = anvil, address
        self.codec = load_contract("TriggerConditions")
        self.room = asyncio.Semaphore(SIDE_BY_SIDE)

    async def check(self, condition: bytes) -> bool | str:
        return await self.ask("check", condition, DEPENDENCIES)

    async def holds(self, condition: bytes, facts: Facts, data: bytes) -> bool | str:
        return await self.ask("holds", condition, astuple(facts), data)

    async def ask(self, function: str, *arguments: object) -> bool | str:
        data = self.codec.call(function, *arguments)
        async with self.room:
            try:
                answer = await self.anvil.rpc.request(
                    "eth_call", {"to": self.address, "data": "0x" + data.hex()}, "latest"
                )
            except RpcRefusedError as refusal:
                name, _ = self.codec.error(refusal.data)
                assert name, f"no error of the contract's: {refusal.data.hex()}"
                return name
        values = self.codec.answer(function, bytes.fromhex(answer[2:]))
        return bool(values[0]) if values else True


@pytest.fixture
async def contract() -> AsyncIterator[Contract]:
    async with Anvil.start() as anvil:
        creation = "0x" + load_contract("TriggerConditions").creation().hex()
        sender = str(anvil.accounts[0].address)
        sent = await anvil.request("eth_sendTransaction", {"from": sender, "data": creation})
        await anvil.mine()
        receipt = await anvil.request("eth_getTransactionReceipt", sent)
        assert receipt["status"] == "0x1"
        yield Contract(anvil, receipt["contractAddress"])


def checked(condition: bytes) -> bool | str:
    """Python's answer to `check`."""
    try:
        decode(condition, DEPENDENCIES)
    except TriggerError as error:
        return error.rule
    return True


def judged(condition: bytes, facts: Facts, data: bytes) -> bool | str:
    """Python's answer to `holds`."""
    try:
        return holds(decode(condition, DEPENDENCIES), facts, data, recover_signer)
    except TriggerError as error:
        return error.rule
    except TriggerDataError:
        return "TriggerDataMalformed"


async def test_both_judge_every_condition_and_its_data_alike(contract: Contract) -> None:
    cases = TriggerCases(Random(20_261_123))
    seen: Counter[tuple[int, bool | str]] = Counter()

    async def agree(number: int) -> None:
        condition = cases.leaf(number % 9) if number % 2 else cases.condition()
        encoded, facts = encode(condition), cases.facts()
        data = cases.data(condition, facts)
        if number % 10 == 0:
            data = cases.spoiled(data)
        answer = judged(encoded, facts, data)
        assert await contract.holds(encoded, facts, data) == answer, (condition, facts, data.hex())
        seen[encoded[31], answer] += 1

    for start in range(0, CASES, 100):
        await asyncio.gather(*(agree(number) for number in range(start, start + 100)))
    for kind in TriggerConditionType:
        answers = {answer: count for (number, answer), count in seen.items() if number == kind}
        wanted = {True} if kind is TriggerConditionType.NONE else {True, False}
        assert {answer for answer in wanted if answers.get(answer, 0) < SAMPLES_PER_TYPE} == set(), kind
    malformed = {kind for kind, answer in seen if answer == "TriggerDataMalformed"}
    assert malformed == {
        TriggerConditionType.PRICE_THRESHOLD,
        TriggerConditionType.ORACLE_VALUE,
        TriggerConditionType.MULTI_SIG,
        TriggerConditionType.CHAIN_EVENT,
        TriggerConditionType.ALL,
        TriggerConditionType.ANY,
        TriggerConditionType.NOT,
    }


async def test_both_refuse_the_same_conditions_by_the_same_rule(contract: Contract) -> None:
    cases = TriggerCases(Random(7))
    seen: Counter[bool | str] = Counter()

    async def agree(number: int) -> None:
        sound, facts = encode(cases.condition()), cases.facts()
        encoded = cases.unruly() if number % 2 else cases.spoiled(sound)
        answer = checked(encoded)
        assert await contract.check(encoded) == answer, encoded.hex()
        if number % 5 == 0:
            assert await contract.holds(encoded, facts, b"") == judged(encoded, facts, b""), encoded.hex()
        seen[answer] += 1

    for start in range(0, CASES, 100):
        await asyncio.gather(*(agree(number) for number in range(start, start + 100)))
    assert {answer for answer in seen if isinstance(answer, str)} == RULES
    assert seen[True] > SAMPLES_PER_TYPE


async def test_the_contract_refuses_facts_that_do_not_fit_together(contract: Contract) -> None:
    always, word = encode(Always()), bytes(32)
    assert await contract.check(always) is True
    for results, present in (((), ()), ((word, word, word), (True,)), ((word,), (True, True, True))):
        facts = (1, 1, word, DEPENDENCIES, results, present)
        assert await contract.ask("holds", always, facts, b"") == "TriggerFactsMismatch"
