"""Signs transactions (EIP-1559), with eth-account. Its only import."""

from hourglass.chain.port import Account, TransactionPlan
from hourglass.chain.recursion import recursion_limit_kept
from hourglass.workflow.identifiers import Address, ChainId

with recursion_limit_kept():
    from eth_account import Account as EthAccount

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
