"""What an operator who watches a condition itself needs: what to look for, and how to hand over what it found."""

from collections.abc import Callable, Iterator, Sequence

from hourglass.workflow import abi
from hourglass.workflow.identifiers import Address
from hourglass.workflow.trigger_conditions import (
    MAX_SIGNERS,
    AllOf,
    AnyOf,
    ChainEvent,
    Condition,
    DataHash,
    MultiSig,
    Not,
    OracleValue,
    PriceThreshold,
)


def chain_events(condition: Condition) -> tuple[ChainEvent, ...]:
    """The events that somebody has to look for, each once."""
    return tuple(dict.fromkeys(leaf for leaf in _leaves(condition) if isinstance(leaf, ChainEvent)))


def reads_data(condition: Condition) -> bool:
    """Does it need a value or approvals that somebody brings? A logged event anybody can look for."""
    return any(
        isinstance(leaf, PriceThreshold | OracleValue | DataHash | MultiSig) for leaf in _leaves(condition)
    )


def watched_data(
    condition: Condition,
    value: bytes | None,
    approvals: Sequence[bytes],
    log_of: Callable[[ChainEvent], bytes | None],
    signer_of: Callable[[bytes], Address | None] | None = None,
) -> bytes:
    """The data that `holds` takes, from what was found.

    Every price, oracle's value and data hash is judged by the watched value, empty if there is None; every CHAIN_EVENT
    by its log (`encode_log`), empty if none was found; every MULTI_SIG by the approvals. These must be its listed
    signers' alone, in ascending order of signers; with `signer_of` they are brought into that form for each MULTI_SIG,
    so that nobody's surplus approval spoils the others'.
    """

    def data_of(one: Condition) -> bytes:
        match one:
            case AllOf(conditions) | AnyOf(conditions):
                return abi.encode(["bytes[]"], [[data_of(child) for child in conditions]])
            case Not(child):
                return data_of(child)
            case PriceThreshold() | OracleValue() | DataHash():
                return value or b""
            case MultiSig(signers):
                usable = approvals if signer_of is None else _of_listed(signers, approvals, signer_of)
                return abi.encode(["bytes[]"], [tuple(usable)[:MAX_SIGNERS]]) if usable else b""
            case ChainEvent():
                return log_of(one) or b""
            case _:
                return b""

    return data_of(condition)


def _of_listed(
    signers: Sequence[Address], approvals: Sequence[bytes], signer_of: Callable[[bytes], Address | None]
) -> tuple[bytes, ...]:
    found = {signer_of(approval): approval for approval in approvals}
    return tuple(found[signer] for signer in sorted(signers) if signer in found)


def _leaves(condition: Condition) -> Iterator[Condition]:
    match condition:
        case AllOf(conditions) | AnyOf(conditions):
            for child in conditions:
                yield from _leaves(child)
        case Not(child):
            yield from _leaves(child)
        case _:
            yield condition
