"""A local chain as EigenLayer has it: a core that knows members, keys and stake, a verifier that is handed roots."""

from collections.abc import AsyncIterator, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.chain.client import EvmChain
from hourglass.chain.codec import load_contract
from hourglass.chain.config import ChainConfig
from hourglass.testing.anvil import Anvil
from hourglass.testing.deployment import LOCAL_AVS, Script
from hourglass.workflow.identifiers import Address, OperatorSetId, ReferenceTimestamp

SET = OperatorSetId(LOCAL_AVS, 1)
WHICH = (str(LOCAL_AVS), 1)
NO_KEY = ((0, 0), ((0, 0), (0, 0)))
GAS = 12_000_000


@dataclass(frozen=True, slots=True)
class Member:
    """One member of the set; without a key if `key` is None."""

    operator: Address
    weights: tuple[int, ...]
    key: SecretKey | None = None
    ecdsa_key: Address = field(default=Address(bytes(20)))

    def as_call(self) -> tuple[object, ...]:
        """`setMember`'s arguments after the set."""
        g1, g2 = NO_KEY
        if self.key is not None:
            public = self.key.public_key(default_backend())
            x1, x0, y1, y0 = public.g2.words
            g1, g2 = (public.g1.x, public.g1.y), ((x1, x0), (y1, y0))
        return (str(self.operator), g1, g2, str(self.ecdsa_key), list(self.weights))


@dataclass(slots=True)
class Transported:
    """The contracts, and a hand to change what they hold."""

    anvil: Anvil
    core: Address
    verifier: Address
    machine: Address

    @classmethod
    async def deploy(cls, anvil: Anvil, aggregators: Sequence[Address] = ()) -> "Transported":
        """All of it; the admin is anvil's first account."""
        admin = anvil.accounts[0]
        script = await Script.by(anvil, admin)
        core = script.deploy("LocalCore", str(admin.address))
        verifier = script.deploy("TransportedTables", str(admin.address))
        conditions, registry = script.deploy("TriggerConditions"), script.deploy("WorkflowRegistry")
        implementation = script.deploy("WorkflowStateMachine", str(registry), str(conditions))
        listed = [str(one) for one in aggregators or (admin.address,)]
        initialize = load_contract("WorkflowStateMachine").call(
            "initialize", str(admin.address), str(verifier), str(LOCAL_AVS), listed
        )
        machine = script.deploy("ERC1967Proxy", str(implementation), initialize)
        await script.run()
        return cls(anvil, core, verifier, machine)

    async def set_members(self, members: Sequence[Member]) -> None:
        """Who is in the set from now on, in this order, with which keys and stake."""
        script = await Script.by(self.anvil, self.anvil.accounts[0])
        operators = [str(one.operator) for one in members]
        script.call("LocalCore", self.core, GAS, "setMembers", WHICH, operators)
        for one in members:
            script.call("LocalCore", self.core, GAS, "setMember", WHICH, *one.as_call())
        await script.run()

    async def transport(self, staleness_s: int = 0) -> None:
        """Hand the verifier the table as it is now; at least a second after the one before."""
        await self.anvil.increase_time(1)
        script = await Script.by(self.anvil, self.anvil.accounts[0])
        script.call("TransportedTables", self.verifier, GAS, "transport", WHICH, str(self.core), staleness_s)
        await script.run()

    async def disable(self, timestamp: ReferenceTimestamp) -> None:
        """Take no certificate by this table any more."""
        script = await Script.by(self.anvil, self.anvil.accounts[0])
        script.call("TransportedTables", self.verifier, GAS, "disableRoot", timestamp)
        await script.run()

    def settings(self, **changes: object) -> ChainConfig:
        """How a node reaches all this."""
        eigenlayer = {"key_registrar": str(self.core), "cross_chain_registry": str(self.core)}
        return ChainConfig.model_validate(
            {
                "rpc_url": self.anvil.rpc_url,
                "chain_id": self.anvil.chain_id,
                "state_machine": str(self.machine),
                "poll_interval_s": 0.05,
                "eigenlayer": eigenlayer,
                **changes,
            }
        )

    @asynccontextmanager
    async def chain(self, **changes: object) -> AsyncIterator[EvmChain]:
        """The chain as a node sees it that has just started."""
        async with EvmChain.connect(self.settings(**changes)) as chain:
            yield chain

    async def newest(self, chain: EvmChain) -> ReferenceTimestamp:
        """The newest table's timestamp."""
        contract = load_contract("TransportedTables")
        (timestamp,) = await chain.view(contract, self.verifier, "latestReferenceTimestamp", WHICH)
        return ReferenceTimestamp(timestamp)


def keys(count: int, seed: int = 0) -> Mapping[int, SecretKey]:
    """As many keys, the same each time."""
    return {number: SecretKey(1_000_003 * (seed + 1) + 7_919 * number) for number in range(count)}


def operator(number: int) -> Address:
    """The address of a member."""
    return Address((0x0F00_0000 + number).to_bytes(20, "big"))
