"""Where EigenLayer's contracts are, by the chain on which stake lives."""

from dataclasses import dataclass

from hourglass.workflow.identifiers import Address, ChainId


@dataclass(frozen=True, slots=True)
class CoreContracts:
    """The contracts that tables are rebuilt from."""

    key_registrar: Address
    cross_chain_registry: Address


MAINNET = ChainId(1)

CORE_CONTRACTS: dict[ChainId, CoreContracts] = {
    MAINNET: CoreContracts(
        key_registrar=Address.parse("0x54f4bC6bDEbe479173a2bbDc31dD7178408A57A4"),
        cross_chain_registry=Address.parse("0x9376A5863F2193cdE13e1aB7c678F22554E2Ea2b"),
    ),
}
"""Of the networks whose addresses are known; others are named in the configuration."""
