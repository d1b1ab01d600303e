"""What a transaction offers."""

from hypothesis import given
from hypothesis import strategies as st

from hourglass.chain.port import FeeQuote
from hourglass.chain.transactions import GAS_CAP, plan

WEI = st.integers(0, 10**15)


@given(WEI, WEI, st.integers(1, 10**15))
def test_no_offer_ever_exceeds_the_cap(base: int, priority: int, cap: int) -> None:
    offer = plan(0, 21_000, FeeQuote(base, priority), cap)
    assert offer.max_priority_fee_per_gas_wei <= offer.max_fee_per_gas_wei <= cap


@given(WEI, WEI)
def test_an_offer_outlasts_a_doubling_of_the_base_fee(base: int, priority: int) -> None:
    offer = plan(0, 21_000, FeeQuote(base, priority), 10**18)
    assert offer.max_fee_per_gas_wei - offer.max_priority_fee_per_gas_wei >= 2 * base
    assert offer.max_priority_fee_per_gas_wei == priority


@given(st.integers(21_000, 30_000_000), st.integers(0, 2**64))
def test_gas_has_a_margin_above_the_estimate_and_the_nonce_is_as_told(gas: int, nonce: int) -> None:
    offer = plan(nonce, gas, FeeQuote(1, 1), 10**12)
    assert offer.nonce == nonce
    assert offer.gas_limit == min(gas * 5 // 4, GAS_CAP)
