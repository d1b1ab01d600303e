"""Amounts as people write them, and what a token must be told before a vault may take it."""

from dataclasses import dataclass
from typing import Any, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from hourglass.chain.client import EvmChain
from hourglass.chain.codec import Contract
from hourglass.chain.port import CallContract
from hourglass.chain.tokens import ERC20, ETHER, Currency, approvals, currency_of
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.workflow.identifiers import Address

TOKEN, OWNER, VAULT = (Address(bytes([number]) * 20) for number in (1, 2, 3))
AMOUNTS = st.integers(0, 2**128 - 1)
CURRENCIES = st.builds(Currency, st.just(TOKEN), st.just("TOK"), st.integers(0, 36))


@given(CURRENCIES, AMOUNTS)
def test_an_amount_that_is_shown_is_read_back_to_the_last_digit(currency: Currency, amount: int) -> None:
    number, symbol = currency.shown(amount).split()
    assert symbol == "TOK"
    assert "E" not in number
    assert currency.parsed(number) == amount


@pytest.mark.parametrize(
    ("amount", "shown"),
    [
        (0, "0 ETH"),
        (1, "0.000000000000000001 ETH"),
        (10**18, "1 ETH"),
        (15 * 10**17, "1.5 ETH"),
        (10**21, "1000 ETH"),
    ],
)
def test_ether_is_shown_in_whole_ones(amount: int, shown: str) -> None:
    assert ETHER.shown(amount) == shown


@pytest.mark.parametrize("text", ["", "x", "-1", "0.0000000000000000001", "nan", "inf", "1 ETH"])
def test_what_is_no_amount_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="is no amount"):
        ETHER.parsed(text)


@dataclass
class Tokens:
    """An endpoint with one token, or with something that only looks like one."""

    allowed: int = 0
    silent: bool = False

    async def view(self, contract: Contract, to: Address, function: str, *arguments: Any) -> tuple[Any, ...]:
        assert (contract, to) == (ERC20, TOKEN)
        match function, arguments:
            case "allowance", (str(owner), str(spender)):
                assert (owner, spender) == (str(OWNER), str(VAULT))
                return (self.allowed,)
            case _ if self.silent:
                raise ChainError(Reason.CONTRACT_MISSING)
            case "symbol", ():
                return ("TOK",)
            case "decimals", ():
                return (6,)
        raise AssertionError(function)


def endpoint(**how: Any) -> EvmChain:
    return cast(EvmChain, Tokens(**how))


@pytest.mark.parametrize(("allowed", "steps"), [(0, [50]), (49, [0, 50]), (50, []), (51, [])])
async def test_a_vault_is_allowed_exactly_what_it_will_take_and_what_stood_before_is_taken_back_first(
    allowed: int, steps: list[int]
) -> None:
    found = await approvals(endpoint(allowed=allowed), TOKEN, OWNER, VAULT, 50)
    assert found == tuple(CallContract(TOKEN, ERC20.call("approve", str(VAULT), step)) for step in steps)


async def test_a_token_says_what_it_is_called_or_is_called_by_its_address() -> None:
    assert await currency_of(endpoint(), TOKEN) == Currency(TOKEN, "TOK", 6)
    silent = await currency_of(endpoint(silent=True), TOKEN)
    assert silent.decimals == 0
    assert str(TOKEN) in silent.shown(7)
    assert await currency_of(endpoint(silent=True), None) == ETHER
