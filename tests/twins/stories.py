"""How each action is done to a pair of chains, and what a whole story of them is."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from typing import TypeVar

import bn254
from eth_hash.auto import keccak
from twins import actions
from twins.actions import (
    NEXT_RUN,
    NOBODY,
    NOBODYS,
    SECRETS,
    SHORT_S,
    Action,
    Cancel,
    Data,
    Execute,
    Flaw,
    Pause,
    Pull,
    Register,
    Republish,
    Rest,
    Submit,
    TimeOut,
    Upgrade,
    When,
    Who,
)
from twins.pair import Answer, Pair

from hourglass.bls.curve import G1_IDENTITY, G2_IDENTITY
from hourglass.certificate.digests import approval_digest
from hourglass.certificate.ecdsa import address_of, sign_digest
from hourglass.certificate.operators import OperatorTable
from hourglass.certificate.slots import ObservationSlot
from hourglass.chain.port import (
    Call,
    CancelExecution,
    ChainView,
    CheckPhaseTimeout,
    ExecuteWorkflow,
    RegisterWorkflow,
    SetPaused,
    SubmitPhaseResult,
    Trigger,
)
from hourglass.testing.worlds import (
    STRANGER,
    certified,
)
from hourglass.workflow import abi
from hourglass.workflow.definition import (
    MAX_TRIGGER_DATA_BYTES,
    WorkflowDefinition,
)
from hourglass.workflow.events import WorkflowExecutionStarted, WorkflowRegistered
from hourglass.workflow.execution import OPEN, ExecutionStatus, PhaseStatus
from hourglass.workflow.identifiers import (
    Attempt,
    ExecutionId,
    PhaseIndex,
    Round,
    Tick,
    WorkflowId,
)
from hourglass.workflow.triggers import (
    AllOf,
    AnyOf,
    ChainEvent,
    Condition,
    MultiSig,
    Not,
    PriceThreshold,
    decode,
    encode_log,
)

T = TypeVar("T")
Work = Submit | Pull | TimeOut
Target = tuple[ExecutionId, PhaseIndex, ChainView | None]
NOBODYS_RUN = ExecutionId(NOBODYS)
RECENT = 3
"""So many executions are compared after each action, all of them at the end."""
OFTEN = 13
"""Of 16 numbers, so many mean a phase that the action suits."""


@dataclass(slots=True)
class Story:
    """A run of actions on a pair of chains, from their beginning."""

    pair: Pair
    workflows: list[WorkflowId] = field(default_factory=list)
    executions: list[tuple[ExecutionId, int]] = field(default_factory=list)
    """With their number of phases."""
    happened: Counter[str] = field(default_factory=Counter)
    """Events and refusals, by name."""
    told: int = 0
    pause_ends: int = 0

    async def tell(self, definition: WorkflowDefinition, told: Sequence[Action]) -> None:
        """From a workflow and a run of it on."""
        await self.pair.reset()
        for action in (Register(definition, True), Execute(0, by=Who.STRANGER), *told):
            if self.pair.ledger.newest.state.paused and self.told >= self.pause_ends:
                await self._call(SetPaused(False), Who.ADMIN)
            await self.do(action)
            await self.pair.compare(self.executions[-RECENT:])
            self.told += 1
        await self.pair.compare(self.executions)
        for workflow in self.workflows:
            await self.pair.compare_workflow(workflow)

    async def do(self, action: Action) -> None:
        match action:
            case Rest():
                await self.pair.rest()
            case Register(definition, own_source, by, value_wei):
                sources = (STRANGER.address,) if own_source else ()
                await self._call(RegisterWorkflow(definition, sources, value_wei), by)
            case Execute(workflow, payload, by, value_wei):
                which = NOBODYS if workflow == NOBODY else _nth(self.workflows[::-1], workflow)
                await self._call(ExecuteWorkflow(which, bytes(payload), value_wei), by)
            case Cancel(execution, by):
                known, _ = _nth(self.executions[::-1], execution)
                await self._call(CancelExecution(NOBODYS_RUN if execution == NOBODY else known), by)
            case Pause(paused, by, lasts):
                await self._call(SetPaused(paused), by)
                self.pause_ends = self.told + lasts
            case Upgrade():
                await self.pair.upgrade()
            case Republish(operator_set, weights, staleness_s, then):
                await self.pair.republish(operator_set, weights, staleness_s)
                if then is not None:
                    await self.do(then)
            case _:
                await self._work(action)

    async def _work(self, action: Work) -> None:
        if not any(one.open_phases for one in self.pair.ledger.newest.state.executions.values()):
            # Nothing could come of it: the story goes on with another execution.
            await self.do(NEXT_RUN)
        action, (execution, index, view) = await self._suited(action)
        gap_s = self._gap(action.when, execution, view)
        match action:
            case TimeOut():
                await self._call(CheckPhaseTimeout(execution, index), Who.STRANGER, gap_s)
            case Pull(_, data, by, _):
                given = self._data(data, execution, index, view)
                await self._call(Trigger(execution, index, given), by, gap_s)
            case Submit():
                call = await self._submission(action, execution, index, view)
                await self._call(call, Who.STRANGER, gap_s)

    async def _suited(self, action: Work) -> tuple[Work, Target]:
        """With a small number the action, or what suits better, and a phase that it suits; else any, or none."""
        everyone: list[Target] = [
            (execution, PhaseIndex(index), await self.pair.twin.phase(execution, PhaseIndex(index)))
            for execution, count in reversed(self.executions)
            for index in range(count)
        ]
        last, count = self.executions[-1]
        match action.phase:
            case actions.NOBODY:
                return action, (NOBODYS_RUN, PhaseIndex(0), None)
            case actions.NO_PHASE:
                return action, (last, PhaseIndex(count), None)
            case number if number >= OFTEN:
                return action, _nth(everyone, number)
        for one in (action, *_instead(action)):
            if suited := [target for target in everyone if self._suits(one, target)]:
                return one, _nth(suited, action.phase)
        return action, _nth(everyone, action.phase)

    def _suits(self, action: Work, target: Target) -> bool:
        """Could something come of it?"""
        which, index, view = target
        execution = self.pair.ledger.newest.state.executions[which]
        if view is None or execution.status is not ExecutionStatus.RUNNING:
            return False
        status, in_time = execution.phase(index).status, view.deadline >= self.pair.now
        match action:
            case Submit():
                return status is PhaseStatus.ACTIVE and in_time
            case Pull():
                return status is PhaseStatus.CONDITIONAL_WAITING and in_time
            case TimeOut():
                return status in OPEN

    async def _call(self, call: Call, by: Who, gap_s: int = 1) -> None:
        account = self.pair.admin if by is Who.ADMIN else STRANGER
        answer = await self.pair.perform(call, account, gap_s)
        await self._note(answer)

    async def _note(self, answer: Answer) -> None:
        if answer.refusal is not None:
            self.happened[answer.refusal[0]] += 1
        for event in answer.events:
            self.happened[type(event).__name__] += 1
            match event:
                case WorkflowRegistered(workflow_id):
                    self.workflows.append(workflow_id)
                case WorkflowExecutionStarted(execution_id, workflow_id):
                    found = await self.pair.twin.workflow(workflow_id)
                    assert found is not None
                    self.executions.append((execution_id, len(found.definition.phases)))

    def _gap(self, when: When, execution: ExecutionId, view: ChainView | None) -> int:
        left = view.deadline - self.pair.now if view is not None else 0
        span = self.pair.ledger.newest.state.spans.get(execution)
        end = (span.deadline or self.pair.now) - self.pair.now if span is not None else 0
        match when:
            case When.AT_THE_END if end > 0:
                return end
            case When.LATER:
                return SHORT_S // 2
            case When.AT_DEADLINE if left > 0:
                return left
            case When.AFTER_DEADLINE if left >= 0:
                return left + 1
            case _:
                return 1

    def _data(self, data: Data, execution: ExecutionId, index: PhaseIndex, view: ChainView | None) -> bytes:
        attempt = view.attempt if view is not None else Attempt(1)
        match data:
            case Data.FITTING if view is not None:
                phase = self.pair.ledger.newest.state.workflows[view.workflow_id].definition.phases[index]
                if not phase.trigger_condition:
                    return b""
                condition = decode(phase.trigger_condition, phase.dependencies)
                return self._fitting(condition, execution, index, attempt)
            case Data.LOW_PRICE | Data.HIGH_PRICE:
                return _price(101 if data is Data.HIGH_PRICE else 5)
            case Data.HIGH_AND_NOTHING:
                return abi.encode(["bytes[]"], [(_price(101), b"")])
            case Data.OTHER_APPROVALS:
                return self._approvals(execution, index, Attempt(attempt + 1))
            case Data.GARBAGE:
                return b"\x01" * 33
            case Data.TOO_MUCH:
                return bytes(MAX_TRIGGER_DATA_BYTES + 1)
            case _:
                return b""

    def _fitting(
        self, condition: Condition, execution: ExecutionId, index: PhaseIndex, attempt: Attempt
    ) -> bytes:
        match condition:
            case PriceThreshold():
                return _price(101)
            case Not():
                return _price(5)
            case MultiSig():
                return self._approvals(execution, index, attempt)
            case ChainEvent(emitter, topics):
                return encode_log(emitter, topics, b"seen")
            case AllOf() | AnyOf():
                return abi.encode(["bytes[]"], [(_price(101), b"")])
            case _:
                return b""

    def _approvals(self, execution: ExecutionId, index: PhaseIndex, attempt: Attempt) -> bytes:
        real = self.pair.real
        slot = ObservationSlot(real.chain_id, real.state_machine, execution, index, attempt, Tick(0))
        digest = approval_digest(slot)
        signatures = {address_of(secret): sign_digest(secret, digest) for secret in SECRETS[:2]}
        return abi.encode(["bytes[]"], [tuple(signatures[who] for who in sorted(signatures))])

    async def _submission(
        self, action: Submit, execution: ExecutionId, index: PhaseIndex, view: ChainView | None
    ) -> SubmitPhaseResult:
        result = _result(action.result)
        if view is None:
            view = await self._any_view()
        about = view
        table = self._table(view, newest=action.flaw is Flaw.NEWEST_TABLE)
        if action.flaw is Flaw.OTHER_ATTEMPT:
            about = replace(view, attempt=Attempt(view.attempt + 1))
        if action.flaw is Flaw.OTHER_INPUTS:
            about = replace(view, inputs_hash=keccak(view.inputs_hash))  # type: ignore[arg-type]
        about = replace(about, reference_timestamp=table.reference_timestamp)
        wanted = action.signers
        signers = None if wanted is None else sorted({n % len(table.operators) for n in wanted})
        round = Round(action.round)
        call = certified(self.pair.twin, execution, index, result, about, table, signers, round)
        if action.flaw is Flaw.OTHER_RESULT:
            return replace(call, result=result + b"x")
        if action.flaw is Flaw.NOBODY_SIGNED:
            nobody = replace(bn254.certificate_of(call.certificate), signature=G1_IDENTITY, apk=G2_IDENTITY)
            return replace(call, certificate=nobody)
        return call

    async def _any_view(self) -> ChainView:
        """Of a phase that is there: to make a certificate with, for one that is not."""
        execution, _ = self.executions[0]
        view = await self.pair.twin.phase(execution, PhaseIndex(0))
        assert view is not None
        return view

    def _table(self, view: ChainView, newest: bool) -> OperatorTable:
        """The one that the phase has pinned; else, or if it pinned none, the set's newest."""
        state = self.pair.ledger.newest.state
        pinned = state.table(view.operator_set, view.reference_timestamp)
        table = state.tables[view.operator_set][-1] if newest or pinned is None else pinned
        return bn254.table_of(table)


def _instead(action: Work) -> tuple[Work, ...]:
    """What to do where nothing suits an action: take a result, or see what follows a missed deadline."""
    submit = Submit(action.phase, None, 0, 32, Flaw.NONE, When.SOON)
    end = TimeOut(action.phase, When.AFTER_DEADLINE)
    return (submit, end) if isinstance(action, Pull) else (end,)


def _nth(items: Sequence[T], number: int) -> T:
    return items[number % len(items)]


def _price(value: int) -> bytes:
    return abi.encode(["int256"], [value])


def _result(size: int) -> bytes:
    """Of 32 bytes: a number that conditions compare with."""
    return _price(6) if size == 32 else bytes(index % 251 for index in range(size))
