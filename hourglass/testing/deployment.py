"""The contracts on a local chain: deployed from the committed bytecode, operators registered, tables published."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eth_account import Account as EthAccount
from eth_hash.auto import keccak

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.digests import key_registration_digest
from hourglass.chain.codec import load_contract
from hourglass.chain.port import Account
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import ADDRESS_BYTES, Address, ChainId, OperatorSetId

LOCAL_AVS = Address(keccak(b"hourglass local avs")[-ADDRESS_BYTES:])
"""An AVS without a contract: on a local network nobody asks it anything."""
BALANCE_WEI = 1_000 * 10**18
"""What aggregators and operators get: far more than any test spends."""
DEPLOY_GAS = 8_000_000
SETUP_GAS = 2_000_000
PUBLISH_GAS_PER_OPERATOR = 200_000
FEE_WEI = 20 * 10**9
"""Anvil begins at 1 gwei of base fee, which eight full blocks could not bring here."""
RECEIPT_TIMEOUT_S = 30.0
RECEIPT_POLL_S = 0.01


@dataclass(frozen=True, slots=True)
class OperatorRegistration:
    """One operator: who it is, its BLS key, and its weights per operator set number.

    A key may be registered once in all: an operator of two sets needs two keys, hence two registrations.
    """

    address: Address
    bls: SecretKey
    weights: Mapping[int, tuple[int, ...]]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was deployed, and who may administer it."""

    state_machine: Address
    operator_table: Address
    avs: Address
    admin: Account


async def deploy_local(
    anvil: Anvil,
    registrations: Sequence[OperatorRegistration],
    aggregators: Sequence[Address],
    max_staleness_s: int = 0,
) -> Deployment:
    """Deploy, register, publish one table per operator set, and fund aggregators and operators.

    The admin is anvil's first account; it has every role and owns the operator table.
    Raises ChainError(TRANSACTION_REVERTED), naming the step, if the contracts refuse one.
    """
    admin = anvil.accounts[0]
    nonce = int(await anvil.request("eth_getTransactionCount", str(admin.address), "latest"), 16)
    script = _Script(anvil, admin, nonce)
    sets = sorted({number for one in registrations for number in one.weights})

    table = script.deploy("OperatorTable", str(admin.address))
    implementation = script.deploy("WorkflowStateMachine")
    initialize = load_contract("WorkflowStateMachine").call(
        "initialize", str(admin.address), str(table), str(LOCAL_AVS), [str(one) for one in aggregators]
    )
    machine = script.deploy("ERC1967Proxy", str(implementation), initialize)
    for number in sets:
        script.call(table, SETUP_GAS, "configureOperatorSet", (str(LOCAL_AVS), number), max_staleness_s)
    for one in registrations:
        for number, weights in one.weights.items():
            _register(script, table, one, number, weights)
    for number in sets:
        gas = SETUP_GAS + PUBLISH_GAS_PER_OPERATOR * len(registrations)
        script.call(table, gas, "publishTable", (str(LOCAL_AVS), number))

    funded = {*aggregators, *(one.address for one in registrations)}
    await asyncio.gather(script.run(), *(anvil.fund(address, BALANCE_WEI) for address in funded))
    return Deployment(machine, table, LOCAL_AVS, admin)


def _register(
    script: "_Script", table: Address, one: OperatorRegistration, number: int, weights: tuple[int, ...]
) -> None:
    backend = default_backend()
    key_data = one.bls.public_key(backend).key_data
    digest = key_registration_digest(
        table, ChainId(script.anvil.chain_id), one.address, OperatorSetId(LOCAL_AVS, number), key_data
    )
    proof = sign(one.bls, digest, backend).to_bytes()
    script.call(
        table,
        SETUP_GAS,
        "registerOperator",
        (str(LOCAL_AVS), number),
        str(one.address),
        key_data,
        proof,
        list(weights),
    )


@dataclass(slots=True)
class _Script:
    """The admin's transactions in order, signed ahead: what is deployed has its address before it is there."""

    anvil: Anvil
    admin: Account
    nonce: int
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Name and raw transaction."""

    def deploy(self, contract: str, *arguments: object) -> Address:
        """Deploy a contract; the address that it will have."""
        address = create_address(self.admin.address, self.nonce)
        self._add(f"deploying {contract}", load_contract(contract).creation(*arguments), DEPLOY_GAS, None)
        return address

    def call(self, table: Address, gas: int, function: str, *arguments: object) -> None:
        """Call the operator table."""
        self._add(function, load_contract("OperatorTable").call(function, *arguments), gas, table)

    def _add(self, name: str, data: bytes, gas: int, to: Address | None) -> None:
        transaction: dict[str, object] = {
            "type": 2,
            "chainId": self.anvil.chain_id,
            "nonce": self.nonce,
            "value": 0,
            "data": data,
            "gas": gas,
            "maxFeePerGas": FEE_WEI,
            "maxPriorityFeePerGas": 0,
        }
        if to is not None:
            transaction["to"] = str(to)
        signed = EthAccount.sign_transaction(transaction, self.admin.secret)
        self.steps.append((name, "0x" + bytes(signed.raw_transaction).hex()))
        self.nonce += 1

    async def run(self) -> None:
        """Send all, then see that each was mined and succeeded."""
        sent = [(name, await self.anvil.request("eth_sendRawTransaction", raw)) for name, raw in self.steps]
        async with asyncio.timeout(RECEIPT_TIMEOUT_S):
            for name, tx_hash in sent:
                if (await self._mined(tx_hash))["status"] != "0x1":
                    raise ChainError(Reason.TRANSACTION_REVERTED, f"{name} ({tx_hash}) failed.")

    async def _mined(self, tx_hash: str) -> dict[str, str]:
        while True:
            found: dict[str, str] | None = await self.anvil.request("eth_getTransactionReceipt", tx_hash)
            if found is not None:
                return found
            await asyncio.sleep(RECEIPT_POLL_S)


def create_address(sender: Address, nonce: int) -> Address:
    """Where a contract that this account creates with this nonce will be: keccak256(rlp([sender, nonce]))."""
    number = nonce.to_bytes((nonce.bit_length() + 7) // 8, "big")
    item = number if nonce and nonce < 0x80 else bytes([0x80 + len(number)]) + number
    body = bytes([0x80 + ADDRESS_BYTES]) + bytes(sender) + item
    return Address(keccak(bytes([0xC0 + len(body)]) + body)[-ADDRESS_BYTES:])
