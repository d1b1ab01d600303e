"""What a transaction offers, pure. Bumping and replacing one that is stuck will be decided here as well."""

from hourglass.chain.port import FeeQuote, TransactionPlan

GAS_MARGIN_PERCENT = 25
"""Above the estimate: a non-signer may be proven for the first time, or state grow, before it is mined."""
GAS_CAP = 2**24
"""What one transaction may use (EIP-7825), hence what a simulation is given: a certificate with a point off the curve
would burn any amount."""
BASE_FEE_GROWTH = 2
"""The base fee can at most double in six full blocks (EIP-1559)."""


def plan(nonce: int, gas_estimate: int, quote: FeeQuote, max_fee_wei: int) -> TransactionPlan:
    """The first offer for a call. Never above `max_fee_wei` per gas, however the chain charges."""
    priority = min(quote.priority_fee_wei, max_fee_wei)
    return TransactionPlan(
        nonce=nonce,
        gas_limit=min(gas_estimate * (100 + GAS_MARGIN_PERCENT) // 100, GAS_CAP),
        max_fee_per_gas_wei=min(quote.base_fee_wei * BASE_FEE_GROWTH + priority, max_fee_wei),
        max_priority_fee_per_gas_wei=priority,
    )
