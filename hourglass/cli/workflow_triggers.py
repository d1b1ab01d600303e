"""`hourglass workflow trigger`, `approve` and `cancel`: what people do to an execution that runs."""

import asyncio
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from hourglass.cli.approvals import read_approvals
from hourglass.cli.arguments import (
    Execution,
    Key,
    KeyPassword,
    PhaseName,
    data_of,
    execution_of,
    phase_of,
)
from hourglass.cli.network import Network, NetworkConfig, load_network, paying_account, sender_of
from hourglass.cli.output import Format, Output, show_one
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

if TYPE_CHECKING:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import Call, ChainView, Receipt, SigningAccount
    from hourglass.workflow.definition import PhaseDefinition
    from hourglass.workflow.identifiers import Digest, ExecutionId, PhaseIndex
    from hourglass.workflow.triggers import ChainEvent


@dataclass(frozen=True, slots=True)
class _Brought:
    """What the caller brings for the condition to be judged by."""

    data: str | None
    price: int | None
    approvals: Path | None

    def __post_init__(self) -> None:
        if self.data is not None and (self.price is not None or self.approvals is not None):
            raise ConfigError(
                Reason.INVALID_CONFIG, "--data is everything already: leave --price and --approvals out."
            )


@dataclass(frozen=True, slots=True)
class _Target:
    """One phase of an execution that runs."""

    execution_id: "ExecutionId"
    phase_index: "PhaseIndex"
    definition: "PhaseDefinition"
    view: "ChainView"


def trigger(
    execution: Execution,
    phase: PhaseName,
    data: Annotated[
        str | None,
        typer.Option(help="The condition's data, complete, as docs/reference/triggers.md has it: 0x…."),
    ] = None,
    price: Annotated[
        int | None,
        typer.Option(help="The price or value that the condition compares, in the feed's own units."),
    ] = None,
    approvals: Annotated[
        Path | None,
        typer.Option(help="A file with approvals, one a line: as `workflow approve` prints them, or 0x…."),
    ] = None,
    key: Key = None,
    password_file: KeyPassword = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Open the gate of a phase that waits for a source to say that its condition holds.

    Without --data it is put together in the condition's own shape: prices and values from --price, approvals from
    --approvals, events from the chain's logs since the phase began to wait. The contract judges whether it holds.
    """
    brought = _Brought(data, price, approvals)
    found = load_network(network)
    account = paying_account(found, key, password_file)
    asyncio.run(_trigger(execution_of(execution), phase, brought, account, found, output))


def approve(
    execution: Execution,
    phase: PhaseName,
    key: Key = None,
    password_file: KeyPassword = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """Sign that this attempt of a phase may go on, and print the signature: one of those that MULTI_SIG counts.

    Nothing is sent. It is for this attempt only: if the phase starts anew, it takes another one.
    """
    found = load_network(network)
    account = paying_account(found, key, password_file)
    asyncio.run(_approve(execution_of(execution), phase, account, found, output))


def cancel(
    execution: Execution,
    key: Key = None,
    password_file: KeyPassword = None,
    network: Network = None,
    output: Output = Format.table,
) -> None:
    """End an execution that runs; only who started it can.

    What was paid for phases that have not completed becomes their payer's credit: see `hourglass fees withdraw`.
    """
    found = load_network(network)
    account = paying_account(found, key, password_file)
    asyncio.run(_cancel(execution_of(execution), account, found, output))


# ── Triggering ────────────────────────────────────────────────────────────────────────────────────────


async def _trigger(
    execution_id: "ExecutionId",
    phase: str,
    brought: _Brought,
    account: "SigningAccount",
    network: NetworkConfig,
    output: Format,
) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import Trigger

    async with EvmChain.connect(network.chain) as chain:
        target = await _target(chain, execution_id, phase)
        if brought.data is not None:
            data = data_of(brought.data, "--data")
        else:
            data = await _data(chain, target, brought)
        call = Trigger(target.execution_id, target.phase_index, data)
        receipt = await _sent(chain, network, account, call)
    show_one(
        output,
        {
            "execution": "0x" + execution_id.hex(),
            "phase": target.definition.name,
            "data": "0x" + data.hex(),
            "gas used": receipt.gas_used,
        },
    )


async def _data(chain: "EvmChain", target: _Target, brought: _Brought) -> bytes:
    from hourglass.certificate.ecdsa import recover_signer
    from hourglass.workflow.triggers import chain_events, decode, watched_data

    condition = decode(target.definition.trigger_condition, target.definition.dependencies)
    digest = _approval_digest(chain, target)
    logs = {event: await _log(chain, target, event) for event in chain_events(condition)}
    return watched_data(
        condition,
        None if brought.price is None else _word(brought.price),
        () if brought.approvals is None else read_approvals(brought.approvals),
        logs.get,
        lambda signature: recover_signer(digest, signature),
    )


def _word(price: int) -> bytes:
    from hourglass.workflow.values import INT, in_int256

    if not in_int256(price):
        raise ConfigError(Reason.TRIGGER_DATA_INVALID, f"--price {price} does not fit an int256.")
    return INT.encode(price)


async def _log(chain: "EvmChain", target: _Target, event: "ChainEvent") -> bytes | None:
    """The first such log since the attempt began, as the condition's data."""
    from hourglass.workflow.triggers import encode_log

    topics = tuple(topic if any(topic) else None for topic in event.topics)
    found = await chain.logs_matching(event.emitter, topics, target.view.started_block, target.view.block)
    return encode_log(found[0].emitter, found[0].topics, found[0].data) if found else None


# ── Approving and cancelling ──────────────────────────────────────────────────────────────────────────


async def _approve(
    execution_id: "ExecutionId", phase: str, account: "SigningAccount", network: NetworkConfig, output: Format
) -> None:
    from hourglass.chain.client import EvmChain

    async with EvmChain.connect(network.chain) as chain:
        target = await _target(chain, execution_id, phase)
        _require_signer(target, account)
        signature = await asyncio.to_thread(account.sign, _approval_digest(chain, target))
    show_one(
        output,
        {
            "execution": "0x" + execution_id.hex(),
            "phase": target.definition.name,
            "attempt": target.view.attempt,
            "signer": str(account.address),
            "approval": "0x" + signature.hex(),
        },
    )


def _require_signer(target: _Target, account: "SigningAccount") -> None:
    """A signature that nobody counts would only spoil the others."""
    from hourglass.workflow.review import conditions_of
    from hourglass.workflow.triggers import MultiSig

    listed = [one.signers for one in conditions_of(target.definition) if isinstance(one, MultiSig)]
    if not any(account.address in signers for signers in listed):
        raise ConfigError(
            Reason.UNAUTHORIZED,
            f"{account.address} is not among those whose approval phase {target.definition.name!r} waits for.",
        )


def _approval_digest(chain: "EvmChain", target: _Target) -> "Digest":
    from hourglass.certificate.digests import approval_digest
    from hourglass.certificate.slots import Slot
    from hourglass.workflow.identifiers import Round, Tick

    execution, phase, attempt = target.execution_id, target.phase_index, target.view.attempt
    return approval_digest(
        Slot(chain.chain_id, chain.state_machine, execution, phase, attempt, Tick(0), Round(0))
    )


async def _cancel(
    execution_id: "ExecutionId", account: "SigningAccount", network: NetworkConfig, output: Format
) -> None:
    from hourglass.chain.client import EvmChain
    from hourglass.chain.port import CancelExecution

    async with EvmChain.connect(network.chain) as chain:
        receipt = await _sent(chain, network, account, CancelExecution(execution_id))
    show_one(
        output,
        {"execution": "0x" + execution_id.hex(), "status": "CANCELLED", "gas used": receipt.gas_used},
    )


# ── What they share ───────────────────────────────────────────────────────────────────────────────────


async def _target(chain: "EvmChain", execution_id: "ExecutionId", phase: str) -> _Target:
    """Raises ConfigError if there is no such execution or phase, the phase has no condition, or it has not started."""
    view = await chain.execution(execution_id)
    workflow = None if view is None else await chain.workflow(view.workflow_id)
    if workflow is None:
        raise ConfigError(Reason.UNKNOWN_NAME, f"The chain has no execution 0x{execution_id.hex()}.")
    index = phase_of(workflow.definition, phase)
    definition, found = workflow.definition.phases[index], await chain.phase(execution_id, index)
    if found is None or not definition.trigger_condition:
        raise ConfigError(
            Reason.NOT_WAITING,
            f"Phase {definition.name!r} is {definition.phase_type.name} and waits for nothing.",
        )
    if not found.attempt:
        raise ConfigError(Reason.PHASE_NOT_OPEN, f"Phase {definition.name!r} has not started yet.")
    return _Target(execution_id, index, definition, found)


async def _sent(
    chain: "EvmChain", network: NetworkConfig, account: "SigningAccount", call: "Call"
) -> "Receipt":
    return await sender_of(chain, network, account).send(call)
