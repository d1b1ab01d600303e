"""Signs transactions (EIP-1559), with eth-account. Its only import."""

import sys
from typing import TYPE_CHECKING

from hourglass.chain.port import Account, TransactionPlan
from hourglass.workflow.identifiers import Address, ChainId

if TYPE_CHECKING:
    from eth_account.account import Account as EthAccount
else:
    # eth_account imports py_ecc, which raises the whole process' recursion limit to 100,000. Left so, deeply nested
    # JSON from an endpoint ends the interpreter (stack overflow) instead of raising RecursionError.
    _limit = sys.getrecursionlimit()
    from eth_account import Account as EthAccount

    sys.setrecursionlimit(_limit)

__all__ = ["EthAccount", "signed_transaction"]


def signed_transaction(
    chain_id: ChainId, to: Address, calldata: bytes, value_wei: int, plan: TransactionPlan, account: Account
) -> bytes:
    """A raw transaction, ready for eth_sendRawTransaction."""
    signed = EthAccount.sign_transaction(
        {
            "type": 2,
            "chainId": chain_id,
            "nonce": plan.nonce,
            "to": str(to),
            "value": value_wei,
            "data": calldata,
            "gas": plan.gas_limit,
            "maxFeePerGas": plan.max_fee_per_gas_wei,
            "maxPriorityFeePerGas": plan.max_priority_fee_per_gas_wei,
        },
        account.secret,
    )
    return bytes(signed.raw_transaction)
