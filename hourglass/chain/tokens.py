"""What a fee is paid in: ether, or an ERC-20 token; and what a token has to be told before a vault may take it."""

import re
from dataclasses import dataclass

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import Contract
from hourglass.chain.port import CallContract
from hourglass.errors import ChainError
from hourglass.workflow.identifiers import ADDRESS_BYTES, Address

ETHER_DECIMALS = 18
AMOUNT = re.compile(r"(\d+)(?:\.(\d+))?", re.ASCII)
NOBODY = Address(bytes(ADDRESS_BYTES))
"""The zero address: in a token's place it stands for ether."""


def _view(name: str, inputs: tuple[str, ...], output: str) -> dict[str, object]:
    return {
        "type": "function",
        "name": name,
        "inputs": [{"name": "", "type": one} for one in inputs],
        "outputs": [{"name": "", "type": output}],
    }


ERC20 = Contract(
    [
        _view("symbol", (), "string"),
        _view("decimals", (), "uint8"),
        _view("balanceOf", ("address",), "uint256"),
        _view("allowance", ("address", "address"), "uint256"),
        _view("approve", ("address", "uint256"), "bool"),
    ],
    b"",
)
"""What is asked of a token here."""


@dataclass(frozen=True, slots=True)
class Currency:
    """What amounts are in."""

    token: Address | None
    """None: ether."""
    symbol: str
    decimals: int

    def shown(self, amount: int) -> str:
        """An amount of its smallest unit, in whole ones."""
        whole, rest = divmod(amount, 10**self.decimals)
        decimals = f".{rest:0{self.decimals}d}".rstrip("0") if rest else ""
        return f"{whole}{decimals} {self.symbol}"

    def parsed(self, text: str) -> int:
        """The other way, the symbol left out. Raises ValueError for what is no amount of this currency."""
        matched = AMOUNT.fullmatch(text)
        whole, rest = (matched[1], matched[2] or "") if matched else ("", "")
        if matched is None or len(rest) > self.decimals:
            raise ValueError(f"{text!r} is no amount with at most {self.decimals} decimals")
        return int(whole + rest.ljust(self.decimals, "0"))


ETHER = Currency(None, "ETH", ETHER_DECIMALS)


async def currency_of(chain: EvmChain, token: Address | None) -> Currency:
    """The currency; of a token that does not say what it is called, its address and its smallest unit."""
    if token is None:
        return ETHER
    try:
        (symbol,) = await chain.view(ERC20, token, "symbol")
        (decimals,) = await chain.view(ERC20, token, "decimals")
    except ChainError:
        return Currency(token, f"of {token}, in its smallest unit", 0)
    return Currency(token, symbol, decimals)


async def approvals(
    chain: EvmChain, token: Address, owner: Address, spender: Address, amount: int
) -> tuple[CallContract, ...]:
    """The calls after which `spender` may take exactly so much of the owner's tokens; none if it may already.

    Some tokens refuse to change an allowance that is not zero: it is taken back first.
    """
    (allowed,) = await chain.view(ERC20, token, "allowance", str(owner), str(spender))
    if allowed >= amount:
        return ()
    steps = (0, amount) if allowed else (amount,)
    return tuple(CallContract(token, ERC20.call("approve", str(spender), step)) for step in steps)


async def balance_of(chain: EvmChain, token: Address | None, account: Address) -> int:
    """What the account has of it, in the smallest unit. Raises ChainError."""
    if token is None:
        return await chain.balance(account)
    (amount,) = await chain.view(ERC20, token, "balanceOf", str(account))
    return int(amount)
