"""`hourglass keys`: make, import, export, show, list and register operators' keys."""

import asyncio
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import typer

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.bls.signer import LocalBlsSigner
from hourglass.certificate.key_registration import KeyRegistration, bn254_registration, ecdsa_registration
from hourglass.cli.arguments import address_of
from hourglass.cli.key_files import (
    Form,
    KeyPair,
    Kind,
    form_of,
    new_key,
    read_bare,
    read_key,
    sealed,
    write_new,
)
from hourglass.cli.output import Format, Output, show, show_one
from hourglass.cli.settings import load_settings
from hourglass.errors import ConfigError
from hourglass.keystores.encryption import parse
from hourglass.reasons import Reason
from hourglass.secret_files import read_open, read_sealed
from hourglass.workflow.identifiers import Address, ChainId, OperatorSetId

app = typer.Typer(no_args_is_help=True, help="Make, import, export, show, list and register operators' keys.")

KeystorePath = Annotated[Path, typer.Argument(help="The keystore file.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the keystore's password; otherwise it is asked for."),
]
KindOption = Annotated[
    Kind, typer.Option("--kind", help="bn254 signs results; ecdsa (secp256k1) names operators and pays.")
]
DEFAULT_FORM = {Kind.bn254: Form.eip2335, Kind.ecdsa: Form.ethereum}


@app.command()
def new(
    keystore: KeystorePath,
    kind: KindOption = Kind.bn254,
    password_file: PasswordFile = None,
    output: Output = Format.table,
) -> None:
    """Make a new key and write its keystore: EIP-2335 for bn254, Ethereum's version 3 for ecdsa."""
    key, form = new_key(kind), DEFAULT_FORM[kind]
    write_new(keystore, sealed(key, form, _password(password_file, confirm=True)))
    _show(keystore, form, key, output)


@app.command(name="import")
def import_(
    keystore: KeystorePath,
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            help="A keystore of Hourglass, DevKit, Cerberus or Ethereum, or a file with the bare key: of bn254 the "
            "scalar in decimal or 0x-hexadecimal, of ecdsa 64 hexadecimal digits.",
        ),
    ],
    source_password_file: Annotated[
        Path | None, typer.Option("--from-password-file", help="The password of the keystore to import.")
    ] = None,
    kind: Annotated[
        Kind, typer.Option("--kind", help="What a bare key is for; a keystore says so itself.")
    ] = Kind.bn254,
    password_file: PasswordFile = None,
    output: Output = Format.table,
) -> None:
    """Import a key and write it as a keystore of its own."""
    if read_sealed(source).lstrip().startswith(b"{"):
        _, key = read_key(source, lambda: _password(source_password_file, confirm=False))
    else:
        key = read_bare(source, read_open(source), kind)
    form = Form.eip2335 if isinstance(key, SecretKey) else Form.ethereum
    write_new(keystore, sealed(key, form, _password(password_file, confirm=True)))
    _show(keystore, form, key, output)


@app.command()
def export(
    keystore: KeystorePath,
    target: Annotated[Path, typer.Option("--to", help="The file to write; it must not exist.")],
    form: Annotated[
        Form,
        typer.Option("--form", help="eip2335 for Hourglass, legacy for DevKit, ethereum for an ecdsa key."),
    ],
    target_password_file: Annotated[
        Path | None, typer.Option("--to-password-file", help="The password of the file to write.")
    ] = None,
    password_file: PasswordFile = None,
    output: Output = Format.table,
) -> None:
    """Write a key as a keystore of another form, for other tools. The secret is never written openly."""
    _, key = read_key(keystore, lambda: _password(password_file, confirm=False))
    write_new(target, sealed(key, form, _password(target_password_file, confirm=True)))
    _show(target, form, key, output)


@app.command(name="show")
def show_(keystore: KeystorePath, password_file: PasswordFile = None, output: Output = Format.table) -> None:
    """Show a keystore's public key, in the forms that registration asks for. Never shows the secret."""
    form, key = read_key(keystore, lambda: _password(password_file, confirm=False))
    _show(keystore, form, key, output)


@app.command(name="list")
def list_(
    folder: Annotated[Path, typer.Argument(help="Where the keystores are.")], output: Output = Format.table
) -> None:
    """List the keystores in a folder with the public keys that they name. Asks for no password, so proves nothing."""
    try:
        files = sorted(path for path in folder.iterdir() if path.is_file())
    except OSError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{folder}: {error.strerror}.") from error
    show(output, f"Keystores in {folder}", [row for path in files if (row := _listed(path)) is not None])


@app.command()
def registration(
    operator: Annotated[str, typer.Option("--operator", help="The operator's address.")],
    avs: Annotated[str, typer.Option("--avs", help="The address of the operator set's AVS.")],
    operator_set: Annotated[
        int, typer.Option("--operator-set", min=0, max=2**32 - 1, help="The set's number.")
    ],
    chain_id: Annotated[
        int, typer.Option("--chain-id", min=1, help="Of the chain that the registrar is on.")
    ],
    registrar: Annotated[str, typer.Option("--registrar", help="The address of EigenLayer's KeyRegistrar.")],
    keystore: Annotated[
        Path | None, typer.Argument(help="The keystore file, or else --agent-config.")
    ] = None,
    agent_config: Annotated[
        Path | None,
        typer.Option(
            "--agent-config", help="An agent's YAML file: its key of this set, also with a remote signer."
        ),
    ] = None,
    kind: Annotated[
        Kind, typer.Option("--kind", help="With --agent-config: which of the set's keys.")
    ] = Kind.bn254,
    password_file: PasswordFile = None,
    output: Output = Format.table,
) -> None:
    """Print what `KeyRegistrar.registerKey` asks for: key data, proof of possession, and the call for the operator."""
    which = OperatorSetId(address_of(avs), operator_set)
    where = (address_of(registrar), ChainId(chain_id), address_of(operator), which)
    match keystore, agent_config:
        case Path(), None:
            _, key = read_key(keystore, lambda: _password(password_file, confirm=False))
            if isinstance(key, SecretKey):
                made = bn254_registration(*where, LocalBlsSigner(key, default_backend()))
            else:
                made = ecdsa_registration(*where, key)
        case None, Path():
            made = asyncio.run(_with_key_of_agent(agent_config, kind, *where))
        case _:
            raise typer.BadParameter("a keystore or --agent-config, one of the two")
    show_one(
        output,
        {
            "operator": str(made.operator),
            "operator set": f"{made.operator_set.avs} {made.operator_set.number}",
            "digest": "0x" + made.digest.hex(),
            "key data": "0x" + made.key_data.hex(),
            "proof of possession": "0x" + made.proof.hex(),
            "registrar": registrar,
            "call": "0x" + made.calldata.hex(),
        },
    )


async def _with_key_of_agent(
    path: Path, kind: Kind, registrar: Address, chain_id: ChainId, operator: Address, which: OperatorSetId
) -> KeyRegistration:
    from agent.config import AgentConfig
    from agent.keys import open_keys

    async with open_keys(load_settings(path, AgentConfig), default_backend()) as keys:
        if kind is Kind.bn254 and which in keys.bls:
            register = partial(bn254_registration, key=keys.bls[which])
        elif kind is Kind.ecdsa and which in keys.ecdsa:
            register = partial(ecdsa_registration, key=keys.ecdsa[which])
        else:
            raise ConfigError(
                Reason.KEY_MISSING, f"{path} names no {kind.value} key of operator set {which}."
            )
        return await asyncio.to_thread(register, registrar, chain_id, operator, which)


def _password(file: Path | None, confirm: bool) -> str:
    if file is not None:
        return read_open(file)
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
    return answer


def _listed(path: Path) -> dict[str, Any] | None:
    try:
        data = read_sealed(path)
        form, keystore = form_of(data), parse(data)
    except ConfigError:
        return None
    named = {Form.eip2335: "pubkey", Form.legacy: "publicKey", Form.ethereum: "address"}[form]
    return {
        "file": path.name,
        "form": form.value,
        "public key, as the file says": str(keystore.get(named, "–")),
    }


def _show(path: Path, form: Form, key: KeyPair, output: Format) -> None:
    fields = {"keystore": str(path), "form": form.value}
    if isinstance(key, SecretKey):
        public = key.public_key(default_backend())
        fields |= {
            "public key G1 (64 bytes)": "0x" + public.g1.to_bytes().hex(),
            "public key G2 (128 bytes, imaginary first)": "0x" + public.g2.to_bytes().hex(),
            "key data for KeyRegistrar (192 bytes)": "0x" + public.key_data.hex(),
        }
    else:
        fields |= {
            "address": str(key.address),
            "key data for KeyRegistrar (20 bytes)": "0x" + bytes(key.address).hex(),
        }
    show_one(output, fields)
