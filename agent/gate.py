"""Whether a CONDITIONAL phase's condition holds, as this operator sees it: the gate before its handler.

The condition's data comes from the workflow's own `watch`, where it has one, else from the result of the first
dependency; a CHAIN_EVENT is looked for in the blocks since the attempt started. What holds is then decided by the very
rules that the contract has.
"""

from functools import partial

from agent.checks import Evidence, Objection
from agent.handlers import Handlers
from hourglass.certificate.digests import approval_digest
from hourglass.certificate.ecdsa import recover_signer
from hourglass.chain.port import Chain
from hourglass.errors import DefinitionError
from hourglass.reasons import Reason
from hourglass.workflow import abi
from hourglass.workflow.definition import MAX_STORED_RESULT_BYTES
from hourglass.workflow.identifiers import Address, Digest
from hourglass.workflow.triggers import (
    ChainEvent,
    Facts,
    TriggerDataError,
    chain_events,
    decode,
    describe,
    holds,
    watched_data,
)
from messages.requests import PhaseRequest


async def judge(
    request: PhaseRequest, evidence: Evidence, chain: Chain, handlers: Handlers, operator: Address
) -> Objection | None:
    """None if the condition holds, else why it does not. Raises HandlerError and ChainError."""
    try:
        condition = decode(evidence.phase.trigger_condition, evidence.phase.dependencies)
    except DefinitionError as error:
        return Objection(error.reason, error.detail)
    seen = await handlers.watch(request, evidence, operator)
    logs = {one: await _found(one, evidence, chain) for one in chain_events(condition)}
    value = _watched_value(request, seen)
    facts = _facts(request, evidence)
    data = watched_data(condition, value, seen or (), logs.get, partial(_recover, facts.approval_digest))
    try:
        if holds(condition, facts, data, _recover):
            return None
    except TriggerDataError as error:
        return Objection(Reason.CONDITION_UNMET, f"{describe(condition)}: {error}.")
    return Objection(Reason.CONDITION_UNMET, f"{describe(condition)}.")


def _recover(digest: bytes, signature: bytes) -> Address | None:
    return recover_signer(Digest(digest), signature)


def _watched_value(request: PhaseRequest, seen: list[bytes] | None) -> bytes | None:
    if seen is not None:
        return seen[0] if len(seen) == 1 else None
    return next((result for _, result in request.dependency_results if result is not None), None)


def _facts(request: PhaseRequest, evidence: Evidence) -> Facts:
    view = evidence.view
    results = [result for _, result in request.dependency_results]
    readable = [result is not None and len(result) <= MAX_STORED_RESULT_BYTES for result in results]
    return Facts(
        timestamp=view.as_of,
        block_number=view.block,
        approval_digest=approval_digest(request.slot),
        dependencies=tuple(index for index, _ in request.dependency_results),
        results=tuple(
            (result if fits else None) or b"" for result, fits in zip(results, readable, strict=True)
        ),
        present=tuple(readable),
    )


async def _found(event: ChainEvent, evidence: Evidence, chain: Chain) -> bytes | None:
    """The first log that matches since the attempt started, as the condition's data."""
    view = evidence.view
    topics = tuple(topic if any(topic) else None for topic in event.topics)
    logs = await chain.logs_matching(Address(event.emitter), topics, view.started_block, view.block)
    if not logs:
        return None
    log = logs[0]
    return abi.encode(["address", "bytes32[]", "bytes"], [bytes(log.emitter), log.topics, log.data])
