"""Opens every key that the settings name, wherever it is kept, and has remote ones prove themselves."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import ExitStack, asynccontextmanager

from agent.config import AgentConfig, BlsKeyConfig
from agent.signer import OperatorKeys
from hourglass.bls.curve import Backend
from hourglass.bls.signer import BlsSigner, LocalBlsSigner
from hourglass.cerberus.config import CerberusConfig
from hourglass.certificate.ecdsa_signer import EcdsaSigner
from hourglass.chain.account import KeyConfig, open_account
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import read_keystore
from hourglass.reasons import Reason
from hourglass.secret_files import read_open, read_sealed
from hourglass.workflow.identifiers import Address, OperatorSetId


@asynccontextmanager
async def open_keys(config: AgentConfig, backend: Backend) -> AsyncIterator[OperatorKeys]:
    """All that this operator signs with; connections to remote signers are closed on leaving.

    Raises ConfigError(KEY_UNUSABLE), and SignerError for a remote signer that does not sign a proof: an agent that
    can't sign had better not start.
    """
    bls: dict[BlsKeyConfig, BlsSigner] = {}
    accounts: dict[KeyConfig, EcdsaSigner] = {}
    with ExitStack() as connections:

        async def bls_signer(key: BlsKeyConfig) -> BlsSigner:
            if key not in bls:
                bls[key] = await _open_bls(key, backend, connections)
            return bls[key]

        async def account(key: KeyConfig) -> EcdsaSigner:
            if key not in accounts:
                accounts[key] = await open_account(key)
            return accounts[key]

        of_sets = [(OperatorSetId(Address.parse(one.avs), one.number), one) for one in config.operator_sets]
        yield OperatorKeys(
            await account(config.operator_key),
            {
                which: await bls_signer(key)
                for which, one in of_sets
                if (key := one.bls_key or config.bls_key)
            },
            {which: await account(one.ecdsa_key) for which, one in of_sets if one.ecdsa_key is not None},
        )


async def _open_bls(key: BlsKeyConfig, backend: Backend, connections: ExitStack) -> BlsSigner:
    if key.cerberus is not None:
        return await _open_cerberus(key.cerberus, backend, connections)
    if key.keystore is None:
        raise ConfigError(Reason.KEY_UNUSABLE, "The settings of a BLS key name no keystore.")
    password = "" if key.password_file is None else read_open(key.password_file)
    try:
        return LocalBlsSigner(read_keystore(read_sealed(key.keystore), password, backend), backend)
    except ConfigError as error:
        raise ConfigError(error.reason, f"{key.keystore}: {error.detail}") from error


async def _open_cerberus(config: CerberusConfig, backend: Backend, connections: ExitStack) -> BlsSigner:
    # gRPC is an extra of its own, for those who need it.
    try:
        from hourglass.cerberus.signer import CerberusSigner
    except ImportError as error:
        detail = f"`cerberus` needs {error.name}: install hourglass-workflow[grpc]."
        raise ConfigError(Reason.INVALID_CONFIG, detail) from error
    signer = connections.enter_context(CerberusSigner.open(config, backend))
    await asyncio.to_thread(signer.prove)
    return signer
