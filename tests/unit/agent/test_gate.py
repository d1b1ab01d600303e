"""Whether a condition holds, as one operator sees it."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import Any, cast

import pytest
import samples
from eth_hash.auto import keccak

from agent.checks import Evidence
from agent.gate import judge
from agent.handlers import Handlers
from agent.performers.port import Work
from hourglass.certificate.digests import approval_digest
from hourglass.certificate.ecdsa import sign_digest
from hourglass.chain.port import Chain, ChainLog
from hourglass.reasons import Reason
from hourglass.workflow.definition import MAX_STORED_RESULT_BYTES
from hourglass.workflow.identifiers import Address, BlockNumber, ChainTime, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.triggers import (
    Condition,
    approved_by,
    at_block,
    at_time,
    chain_event,
    data_hash,
    encode,
    not_,
    price_above,
    result_above,
)
from messages.requests import PhaseRequest

EMITTER = Address(b"\xee" * 20)
FIRST = PhaseIndex(3)


def word(value: int) -> bytes:
    return value.to_bytes(32, "big", signed=True)


@dataclass
class Watching:
    """A performer whose only use is to watch."""

    seen: list[bytes] | None

    async def watch(self, work: Work, timeout_s: float) -> list[bytes] | None:
        return self.seen


@dataclass
class Logs:
    """A chain of which only its logs are asked, and what it was asked for."""

    found: Sequence[ChainLog] = ()
    asked: list[Any] = field(default_factory=list)

    async def logs_matching(self, *asked: Any) -> tuple[ChainLog, ...]:
        self.asked.append(asked)
        return tuple(self.found)


async def verdict(
    condition: Condition,
    result: bytes | None = None,
    seen: list[bytes] | None = None,
    logs: Logs | None = None,
    **view: Any,
) -> Reason | None:
    """None if it holds."""
    phase = samples.phase(PhaseType.CONDITIONAL, trigger_condition=encode(condition), dependencies=(FIRST,))
    evidence = Evidence(samples.view(PhaseType.CONDITIONAL, **view), samples.TABLE, phase)
    request: PhaseRequest = samples.request(dependency_results=((FIRST, result),))
    handlers = Handlers(cast("Any", Watching(seen)), 10.0)
    chain = cast("Chain", logs or Logs())
    objection = await judge(request, evidence, chain, handlers, samples.OPERATORS[0])
    return None if objection is None else objection.reason


async def test_without_a_watch_the_first_dependency_s_result_is_the_value() -> None:
    assert await verdict(price_above(5_000), result=word(5_001)) is None
    assert await verdict(price_above(5_000), result=word(5_000)) is Reason.CONDITION_UNMET
    assert await verdict(price_above(5_000), result=None) is Reason.CONDITION_UNMET
    assert await verdict(price_above(5_000), result=b"no number") is Reason.CONDITION_UNMET


async def test_what_the_author_watches_comes_before_any_result() -> None:
    assert await verdict(price_above(5_000), result=word(9_999), seen=[word(1)]) is Reason.CONDITION_UNMET
    assert await verdict(data_hash(keccak(b"secret")), seen=[b"secret"]) is None


async def test_time_and_block_are_the_chain_s() -> None:
    assert await verdict(at_time(200), as_of=ChainTime(200)) is None
    assert await verdict(at_time(200), as_of=ChainTime(199)) is Reason.CONDITION_UNMET
    assert await verdict(at_block(12), block=BlockNumber(12)) is None
    assert await verdict(at_block(13), block=BlockNumber(12)) is Reason.CONDITION_UNMET
    assert await verdict(not_(at_block(13)), block=BlockNumber(12)) is None


async def test_a_result_that_the_contract_does_not_store_is_compared_by_nobody() -> None:
    assert await verdict(result_above(FIRST, 1), result=word(2)) is None
    long = bytes(MAX_STORED_RESULT_BYTES + 1)
    assert await verdict(not_(result_above(FIRST, 1)), result=long) is None


async def test_approvals_are_those_of_this_attempt() -> None:
    signer = samples.OPERATORS[1]
    good = sign_digest(samples.SECRETS[1], approval_digest(samples.OBSERVATION_SLOT))
    other = replace(samples.OBSERVATION_SLOT, attempt=cast("Any", 2))
    stale = sign_digest(samples.SECRETS[1], approval_digest(other))
    assert await verdict(approved_by(signer), seen=[good]) is None
    assert await verdict(approved_by(signer), seen=[stale]) is Reason.CONDITION_UNMET
    assert await verdict(approved_by(signer), seen=[]) is Reason.CONDITION_UNMET


async def test_an_event_is_looked_for_in_the_blocks_since_the_attempt_started() -> None:
    condition = chain_event(EMITTER, "Moved(uint256)")
    topic = keccak(b"Moved(uint256)")
    logs = Logs([ChainLog(BlockNumber(11), EMITTER, (topic,), b"data")])
    assert await verdict(condition, logs=logs, started_block=BlockNumber(10), block=BlockNumber(12)) is None
    assert logs.asked == [(EMITTER, (topic,), 10, 12)]
    assert await verdict(condition, logs=Logs()) is Reason.CONDITION_UNMET


@pytest.mark.parametrize("junk", [b"", b"\x01", bytes(64)])
async def test_a_definition_whose_condition_cannot_be_read_is_the_author_s_fault(junk: bytes) -> None:
    phase = samples.phase(PhaseType.CONDITIONAL, trigger_condition=junk)
    evidence = Evidence(samples.view(PhaseType.CONDITIONAL), samples.TABLE, phase)
    objection = await judge(
        samples.request(),
        evidence,
        cast("Chain", Logs()),
        Handlers(cast("Any", Watching(None)), 10.0),
        samples.OPERATORS[0],
    )
    assert objection is not None
    assert objection.reason is Reason.INVALID_DEFINITION
