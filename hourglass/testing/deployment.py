"""The contracts on a local chain: deployed from the committed bytecode, operators registered, tables published."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from eth_hash.auto import keccak

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.digests import key_registration_digest
from hourglass.chain.codec import load_contract
from hourglass.chain.port import Account
from hourglass.chain.signing import EthAccount
from hourglass.errors import ChainError
from hourglass.reasons import Reason
from hourglass.testing.anvil import Anvil
from hourglass.workflow.identifiers import ADDRESS_BYTES, WORD_BYTES, Address, ChainId, OperatorSetId

LOCAL_AVS = Address(keccak(b"hourglass local avs")[-ADDRESS_BYTES:])
"""An AVS without a contract: on a local network nobody asks it anything."""
BALANCE_WEI = 1_000 * 10**18
"""What aggregators and operators get: far more than any test spends."""
TABLE = "OperatorTable"
ECDSA_TABLE = "EcdsaOperatorTable"
DEPLOY_GAS = 8_000_000
SETUP_GAS = 2_000_000
PUBLISH_GAS_PER_OPERATOR = 200_000
FEE_WEI = 20 * 10**9
"""Anvil begins at 1 gwei of base fee, which eight full blocks could not bring here."""
PUSH1, PUSH32, MSTORE, LOG0, RETURN = 0x60, 0x7F, 0x52, 0xA0, 0xF3
"""EVM instructions."""
RECEIPT_TIMEOUT_S = 30.0
RECEIPT_POLL_S = 0.01


SetName = int | OperatorSetId
"""An operator set; a number alone names one of `LOCAL_AVS`."""


@dataclass(frozen=True, slots=True)
class OperatorRegistration:
    """One operator: who it is, and its BLS key and weights in each of its operator sets.

    A key may be registered once in all, so an operator of several sets has a key for each; the key of an only set
    may stand alone.
    """

    address: Address
    keys: SecretKey | Mapping[SetName, SecretKey]
    weights: Mapping[SetName, tuple[int, ...]]
    ecdsa_keys: Mapping[SetName, Address] = field(default_factory=dict)
    """The addresses of its keys in sets that sign on ECDSA."""

    def key(self, which: SetName) -> SecretKey:
        """The operator's key in this set."""
        return self.keys if isinstance(self.keys, SecretKey) else self.keys[which]


@dataclass(frozen=True, slots=True)
class Deployment:
    """What was deployed, and who may administer it."""

    state_machine: Address
    """The proxy: what everybody calls."""
    implementation: Address
    operator_table: Address
    ecdsa_table: Address
    """Of the operator sets that sign on ECDSA."""
    fee_vault: Address | None
    avs: Address
    admin: Account

    def identified(self, which: SetName) -> OperatorSetId:
        """An operator set by its name here."""
        return which if isinstance(which, OperatorSetId) else OperatorSetId(self.avs, which)


async def deploy_local(
    anvil: Anvil,
    registrations: Sequence[OperatorRegistration],
    aggregators: Sequence[Address],
    max_staleness_s: int = 0,
    with_fees: bool = False,
) -> Deployment:
    """Deploy, register, publish one table per operator set, and fund aggregators and operators.

    The admin is anvil's first account; it has every role and owns the operator table. `with_fees` there is a fee
    vault, which charges nothing until it is told to (`setSchedule`).
    Raises ChainError(TRANSACTION_REVERTED), naming the step, if the contracts refuse one.
    """
    admin = anvil.accounts[0]
    script = await Script.by(anvil, admin)

    table = script.deploy("OperatorTable", str(admin.address))
    conditions, registry = script.deploy("TriggerConditions"), script.deploy("WorkflowRegistry")
    implementation = script.deploy("WorkflowStateMachine", str(registry), str(conditions))
    initialize = load_contract("WorkflowStateMachine").call(
        "initialize", str(admin.address), str(table), str(LOCAL_AVS), [str(one) for one in aggregators]
    )
    machine = script.deploy("ERC1967Proxy", str(implementation), initialize)
    ecdsa_table = script.deploy("EcdsaOperatorTable", str(admin.address))
    script.call("WorkflowStateMachine", machine, SETUP_GAS, "setEcdsaVerifier", str(ecdsa_table))
    vault = None
    if with_fees:
        registrar = script.deploy("KeyRegistrar", str(table), str(ecdsa_table))
        vault = script.deploy("FeeVault", str(machine), str(registrar))
        script.call("WorkflowStateMachine", machine, SETUP_GAS, "setFeeVault", str(vault))
    _publish_tables(script, table, registrations, max_staleness_s)
    _publish_ecdsa_tables(script, ecdsa_table, registrations, max_staleness_s)

    funded = {*aggregators, *(one.address for one in registrations)}
    await asyncio.gather(script.run(), *(anvil.fund(address, BALANCE_WEI) for address in funded))
    return Deployment(machine, implementation, table, ecdsa_table, vault, LOCAL_AVS, admin)


def _publish_tables(
    script: "Script", table: Address, registrations: Sequence[OperatorRegistration], max_staleness_s: int
) -> None:
    sets = sorted(
        {_identified(which) for one in registrations for which in one.weights if which not in one.ecdsa_keys}
    )
    for operator_set in sets:
        script.call(TABLE, table, SETUP_GAS, "configureOperatorSet", _as_tuple(operator_set), max_staleness_s)
    for one in registrations:
        for which, weights in one.weights.items():
            if which in one.ecdsa_keys:
                continue
            _register(script, table, one.address, one.key(which), _identified(which), weights)
    for operator_set in sets:
        gas = SETUP_GAS + PUBLISH_GAS_PER_OPERATOR * len(registrations)
        script.call(TABLE, table, gas, "publishTable", _as_tuple(operator_set))


def _publish_ecdsa_tables(
    script: "Script", table: Address, registrations: Sequence[OperatorRegistration], max_staleness_s: int
) -> None:
    rows: dict[OperatorSetId, list[tuple[str, str, list[int]]]] = {}
    for one in registrations:
        for which, key in one.ecdsa_keys.items():
            row = (str(one.address), str(key), list(one.weights[which]))
            rows.setdefault(_identified(which), []).append(row)
    for operator_set, members in sorted(rows.items()):
        which_set = _as_tuple(operator_set)
        script.call(ECDSA_TABLE, table, SETUP_GAS, "configureOperatorSet", which_set, max_staleness_s)
        gas = SETUP_GAS + PUBLISH_GAS_PER_OPERATOR * len(members)
        script.call(ECDSA_TABLE, table, gas, "publishTable", which_set, members)


def _identified(which: SetName) -> OperatorSetId:
    return which if isinstance(which, OperatorSetId) else OperatorSetId(LOCAL_AVS, which)


def _as_tuple(operator_set: OperatorSetId) -> tuple[str, int]:
    """As the ABI takes it."""
    return str(operator_set.avs), operator_set.number


def _register(
    script: "Script",
    table: Address,
    operator: Address,
    key: SecretKey,
    operator_set: OperatorSetId,
    weights: tuple[int, ...],
) -> None:
    backend = default_backend()
    key_data = key.public_key(backend).key_data
    chain_id = ChainId(script.anvil.chain_id)
    digest = key_registration_digest(table, chain_id, operator, operator_set, key_data)
    proof = sign(key, digest, backend).to_bytes()
    script.call(
        TABLE,
        table,
        SETUP_GAS,
        "registerOperator",
        _as_tuple(operator_set),
        str(operator),
        key_data,
        proof,
        list(weights),
    )


async def republish(
    anvil: Anvil,
    deployment: Deployment,
    operator_set: OperatorSetId,
    weights: Mapping[Address, tuple[int, ...]],
    max_staleness_s: int = 0,
) -> None:
    """Give members of a set new weights, publish its table anew, and say for how long such tables may be used.

    At least a second later than before, since a set has one table per second.
    Raises ChainError(TRANSACTION_REVERTED), naming the step, if the operator table refuses one.
    """
    await anvil.increase_time(1)
    script, which = await Script.by(anvil, deployment.admin), _as_tuple(operator_set)
    table = deployment.operator_table
    script.call(TABLE, table, SETUP_GAS, "configureOperatorSet", which, max_staleness_s)
    for operator, row in weights.items():
        script.call(TABLE, table, SETUP_GAS, "setWeights", which, str(operator), list(row))
    gas = SETUP_GAS + PUBLISH_GAS_PER_OPERATOR * len(weights)
    script.call(TABLE, table, gas, "publishTable", which)
    await script.run()


async def emit_log(anvil: Anvil, topics: Sequence[bytes], data: bytes) -> Address:
    """Have a contract that does nothing else log these topics and this data; its address. At most 255 bytes of data."""
    words = [data[start : start + WORD_BYTES] for start in range(0, len(data), WORD_BYTES)]
    code = b"".join(
        bytes([PUSH32]) + word.ljust(WORD_BYTES, b"\0") + bytes([PUSH1, at * WORD_BYTES, MSTORE])
        for at, word in enumerate(words)
    )
    for topic in reversed(topics):
        code += bytes([PUSH32]) + topic
    code += bytes([PUSH1, len(data), PUSH1, 0, LOG0 + len(topics), PUSH1, 0, PUSH1, 0, RETURN])
    admin = anvil.accounts[0]
    script = await Script.by(anvil, admin)
    emitter = script.create("a contract that logs", code, SETUP_GAS)
    await script.run()
    return emitter


@dataclass(slots=True)
class Script:
    """The admin's transactions in order, signed ahead: what is deployed has its address before it is there."""

    anvil: Anvil
    admin: Account
    nonce: int
    steps: list[tuple[str, str]] = field(default_factory=list)
    """Name and raw transaction."""

    def deploy(self, contract: str, *arguments: object) -> Address:
        """Deploy a contract; the address that it will have."""
        return self.create(f"deploying {contract}", load_contract(contract).creation(*arguments), DEPLOY_GAS)

    def create(self, name: str, code: bytes, gas: int) -> Address:
        """Run this code as a contract's creation; the address that the contract will have."""
        address = create_address(self.admin.address, self.nonce)
        self._add(name, code, gas, None)
        return address

    def call(self, contract: str, to: Address, gas: int, function: str, *arguments: object) -> None:
        """Call a contract of this name."""
        self._add(function, load_contract(contract).call(function, *arguments), gas, to)

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

    @classmethod
    async def by(cls, anvil: Anvil, admin: Account) -> "Script":
        """Of this account, from its next transaction on."""
        nonce = await anvil.request("eth_getTransactionCount", str(admin.address), "latest")
        return cls(anvil, admin, int(nonce, 16))

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
