"""What calls would do one after another, without sending any: later ones build on what earlier ones would change."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from hourglass.chain.calldata import calldata, receiver_of, value_of
from hourglass.chain.client import EvmChain, RpcRefusedError
from hourglass.chain.port import Call
from hourglass.chain.refusals import reason_of
from hourglass.errors import RevertedError
from hourglass.workflow.identifiers import Address


@dataclass(frozen=True, slots=True)
class Simulated:
    """What would come of one call."""

    gas_used: int
    refusal: RevertedError | None
    """Why the contract would refuse it; None: it would not."""


async def simulate(chain: EvmChain, calls: Sequence[Call], sender: Address) -> tuple[Simulated, ...] | None:
    """All these calls in one block on top of the newest (eth_simulateV1).

    None if the endpoint has no such method, or refuses these calls as a whole. Raises ChainError.
    """
    transactions = [
        {
            "from": str(sender),
            "to": str(receiver_of(call, chain.state_machine)),
            "input": "0x" + calldata(chain.machine, call).hex(),
            "value": hex(value_of(call)),
        }
        for call in calls
    ]
    try:
        blocks = await chain.rpc.request(
            "eth_simulateV1", {"blockStateCalls": [{"calls": transactions}]}, "latest"
        )
    except RpcRefusedError:
        return None
    match blocks:
        case [{"calls": [*outcomes]}] if len(outcomes) == len(calls):
            return tuple(_simulated(chain, one) for one in outcomes)
        case _:
            return None


def _simulated(chain: EvmChain, outcome: dict[str, Any]) -> Simulated:
    gas_used = int(outcome["gasUsed"], 16)
    if int(outcome["status"], 16):
        return Simulated(gas_used, None)
    error = outcome.get("error") or {}
    data = error.get("data") or outcome.get("returnData") or "0x"
    name, fields = chain.machine.error(bytes.fromhex(data[2:]))
    shown = ", ".join("0x" + one.hex() if isinstance(one, bytes) else str(one) for one in fields)
    told = f"{name}({shown})" if name else str(error.get("message", "no reason given"))
    return Simulated(gas_used, RevertedError(reason_of(name, fields), name or "unknown", told))
