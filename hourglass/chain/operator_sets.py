"""Operator sets as the verifier has them now, for whoever wants to know before anything starts."""

from hourglass.certificate.curves import AnyTable
from hourglass.certificate.readiness import OperatorSetState
from hourglass.chain.client import EvmChain
from hourglass.chain.codec import Contract, load_contract
from hourglass.errors import ChainError, RevertedError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address, OperatorSetId, ReferenceTimestamp, StakeWeight


async def operator_set_state(chain: EvmChain, operator_set: OperatorSetId) -> OperatorSetState:
    """The set's newest table and for how long it may be used. Raises ChainError, also for a table that is a lie."""
    contract, which = load_contract("OperatorTable"), (str(operator_set.avs), operator_set.number)
    verifier, newest = await _newest(chain, contract, "verifier", which)
    if not newest:
        # What is asked here, both verifiers answer alike.
        ecdsa, newest_of_ecdsa = await _newest(chain, contract, "ecdsaVerifier", which)
        verifier, newest = (ecdsa, newest_of_ecdsa) if newest_of_ecdsa else (verifier, newest)
    (staleness_s,) = await chain.view(contract, verifier, "maxOperatorTableStaleness", which)
    if not newest:
        return OperatorSetState(operator_set, None, staleness_s, (), None)
    timestamp = ReferenceTimestamp(newest)
    (totals,) = await chain.view(contract, verifier, "getTotalStakeWeights", which, timestamp)
    return OperatorSetState(
        operator_set,
        timestamp,
        staleness_s,
        tuple(map(StakeWeight, totals)),
        await _rows(chain, operator_set, timestamp),
    )


async def _newest(
    chain: EvmChain, contract: Contract, role: str, which: tuple[str, int]
) -> tuple[Address, int]:
    """One of the state machine's two verifiers, and when it had the set's newest table; 0 if it never had one."""
    (found,) = await chain.view(chain.machine, chain.state_machine, role)
    verifier = Address.parse(found)
    if not any(verifier):
        return verifier, 0
    (newest,) = await chain.view(contract, verifier, "latestReferenceTimestamp", which)
    return verifier, newest


async def _rows(
    chain: EvmChain, operator_set: OperatorSetId, timestamp: ReferenceTimestamp
) -> AnyTable | None:
    """None where the verifier has no such function: EigenLayer's keeps only the table's root."""
    try:
        return await chain.operator_table(operator_set, timestamp)
    except RevertedError:
        return None
    except ChainError as error:
        if error.reason is not Reason.TABLE_UNAVAILABLE:
            raise
        return None
