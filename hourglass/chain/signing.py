"""Signs transactions (EIP-1559), and checks what others have signed, with eth-account. Its only import."""

from typing import Any

from hourglass.certificate.ecdsa import V_OFFSET, recover_signer
from hourglass.chain.port import Transaction
from hourglass.chain.recursion import recursion_limit_kept
from hourglass.workflow.identifiers import WORD_BYTES, Address, Digest

with recursion_limit_kept():
    from eth_account import Account as EthAccount
    from eth_account.typed_transactions.typed_transaction import TypedTransaction
    from hexbytes import HexBytes

__all__ = ["EthAccount", "fields_of", "sender_of", "signed_transaction"]


def signed_transaction(transaction: Transaction, secret: bytes) -> bytes:
    """A raw transaction, ready for eth_sendRawTransaction."""
    return bytes(EthAccount.sign_transaction(fields_of(transaction), secret).raw_transaction)


def fields_of(transaction: Transaction) -> dict[str, Any]:
    """As JSON-RPC names them, with an access list that is empty."""
    plan = transaction.plan
    return {
        "type": 2,
        "chainId": transaction.chain_id,
        "nonce": plan.nonce,
        "to": str(transaction.to),
        "value": transaction.value_wei,
        "data": transaction.data,
        "gas": plan.gas_limit,
        "maxFeePerGas": plan.max_fee_per_gas_wei,
        "maxPriorityFeePerGas": plan.max_priority_fee_per_gas_wei,
        "accessList": (),
    }


def sender_of(raw: bytes, transaction: Transaction) -> Address:
    """Whose raw transaction it is. Raises ValueError if it is not exactly this one, naming the fields that differ."""
    try:
        found = TypedTransaction.from_bytes(HexBytes(raw)).as_dict()
        signed = TypedTransaction.from_dict(
            fields_of(transaction) | {name: found[name] for name in ("v", "r", "s")}
        )
    except Exception as error:  # eth-account and rlp have no common error of their own
        raise ValueError("it is no typed transaction") from error
    if signed.encode() != raw:
        wanted = TypedTransaction.from_dict(fields_of(transaction)).as_dict()
        differ = sorted(name for name, value in wanted.items() if found.get(name) != value)
        raise ValueError(f"it is another transaction: {', '.join(differ) or 'its encoding'} differs")
    words = (int(found["r"]).to_bytes(WORD_BYTES, "big"), int(found["s"]).to_bytes(WORD_BYTES, "big"))
    sender = recover_signer(Digest(bytes(signed.hash())), b"".join((*words, bytes([V_OFFSET + found["v"]]))))
    if sender is None:
        raise ValueError("its signature is invalid")
    return sender
