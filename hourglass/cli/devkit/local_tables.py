"""Operator tables of our own, for a devnet without EigenLayer: the settings' executors, with the context's keys."""

from hourglass.bls.signatures import default_backend, sign
from hourglass.certificate.digests import key_registration_digest
from hourglass.certificate.ecdsa import address_of
from hourglass.chain.codec import load_contract
from hourglass.cli.devkit.context import Context, ProjectSettings
from hourglass.cli.devkit.keystores import bls_secret, ecdsa_secret
from hourglass.cli.devkit.wallet import Wallet
from hourglass.cli.output import err
from hourglass.workflow.identifiers import Address, ChainId, OperatorSetId

TABLE, ECDSA_TABLE = "OperatorTable", "EcdsaOperatorTable"
NO_STALENESS = 0


async def own_tables(wallet: Wallet, context: Context, project: ProjectSettings) -> tuple[Address, Address]:
    """One for each curve; the executors' set is in that of its curve, published once.

    Raises ConfigError(KEY_UNUSABLE) before it sends anything, ChainError naming the step.
    """
    operator_set = OperatorSetId(Address.parse(context.avs.address), project.executor.operatorSetId)
    executors = [context.operator(one.address) for one in project.executor.operators]
    ecdsa = project.curve_of(operator_set.number) == "ECDSA"
    bls_keys = [] if ecdsa else [bls_secret(one, operator_set.number) for one in executors]
    signers = [address_of(ecdsa_secret(one, operator_set.number)) for one in executors] if ecdsa else []
    owner = str(wallet.address)
    table = await wallet.create(load_contract(TABLE), f"deploying {TABLE}", owner)
    ecdsa_table = await wallet.create(load_contract(ECDSA_TABLE), f"deploying {ECDSA_TABLE}", owner)
    err.print(f"{TABLE} at {table}\n{ECDSA_TABLE} at {ecdsa_table}", highlight=False)
    which, backend = (str(operator_set.avs), operator_set.number), default_backend()
    weighted = [(Address.parse(one.address), one.weight) for one in project.executor.operators]
    if ecdsa:
        contract = load_contract(ECDSA_TABLE)
        await wallet.call(contract, ecdsa_table, "configureOperatorSet", which, NO_STALENESS)
        rows = [(str(who), str(key), [weight]) for (who, weight), key in zip(weighted, signers, strict=True)]
        await wallet.call(contract, ecdsa_table, "publishTable", which, rows)
        return table, ecdsa_table
    contract = load_contract(TABLE)
    await wallet.call(contract, table, "configureOperatorSet", which, NO_STALENESS)
    for (who, weight), key in zip(weighted, bls_keys, strict=True):
        key_data = key.public_key(backend).key_data
        digest = key_registration_digest(table, ChainId(wallet.chain_id), who, operator_set, key_data)
        proof = sign(key, digest, backend).to_bytes()
        await wallet.call(contract, table, "registerOperator", which, str(who), key_data, proof, [weight])
    await wallet.call(contract, table, "publishTable", which)
    return table, ecdsa_table
