"""`hourglass keys`: make, import and show operators' BLS keys."""

import os
import secrets
from pathlib import Path
from typing import Annotated

import typer

from hourglass.bls.curve import SUBGROUP_ORDER
from hourglass.bls.keys import ENTROPY_BYTES, SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.cli.output import Format, Output, show_one
from hourglass.cli.settings import read_secret_file
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import read_keystore, write_keystore
from hourglass.keystores.encryption import IV_BYTES, SALT_BYTES
from hourglass.reasons import Reason

app = typer.Typer(no_args_is_help=True, help="Make, import and show operators' BLS keys.")

KeystorePath = Annotated[Path, typer.Argument(help="The keystore file.")]
PasswordFile = Annotated[
    Path | None,
    typer.Option("--password-file", help="A file with the keystore's password; otherwise it is asked for."),
]


@app.command()
def new(keystore: KeystorePath, password_file: PasswordFile = None, output: Output = Format.table) -> None:
    """Make a new BN254 key and write its keystore (EIP-2335, readable by Hourglass)."""
    secret = SecretKey.from_entropy(secrets.token_bytes(ENTROPY_BYTES))
    _write(keystore, secret, _password(password_file, confirm=True))
    _show(keystore, secret, output)


@app.command(name="import")
def import_(
    keystore: KeystorePath,
    source: Annotated[
        Path,
        typer.Option(
            "--from",
            help="A keystore of Hourglass or DevKit, or a file with the scalar in decimal or 0x-hexadecimal.",
        ),
    ],
    source_password_file: Annotated[
        Path | None, typer.Option("--from-password-file", help="The password of the keystore to import.")
    ] = None,
    password_file: PasswordFile = None,
    output: Output = Format.table,
) -> None:
    """Import a key and write it as a keystore of its own."""
    data = read_secret_file(source)
    if data.lstrip().startswith(b"{"):
        secret = read_keystore(data, _password(source_password_file, confirm=False), default_backend())
    else:
        secret = _scalar(source, data)
    _write(keystore, secret, _password(password_file, confirm=True))
    _show(keystore, secret, output)


@app.command()
def show(keystore: KeystorePath, password_file: PasswordFile = None, output: Output = Format.table) -> None:
    """Show a keystore's public key, in the forms that registration asks for. Never shows the secret."""
    password = _password(password_file, confirm=False)
    _show(keystore, read_keystore(read_secret_file(keystore), password, default_backend()), output)


def _scalar(path: Path, data: bytes) -> SecretKey:
    try:
        number = int(data.decode("ascii").strip(), 0)
    except (ValueError, UnicodeDecodeError) as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path} holds neither a keystore nor a scalar.") from error
    if not 0 < number < SUBGROUP_ORDER:
        raise ConfigError(Reason.KEY_UNUSABLE, f"The scalar in {path} is not from 1 to r - 1.")
    return SecretKey(number)


def _password(file: Path | None, confirm: bool) -> str:
    if file is not None:
        return read_secret_file(file).decode("utf-8").strip()
    answer: str = typer.prompt("Password", hide_input=True, confirmation_prompt=confirm)
    return answer


def _write(path: Path, secret: SecretKey, password: str) -> None:
    data = write_keystore(
        secret,
        password,
        secrets.token_bytes(SALT_BYTES),
        secrets.token_bytes(IV_BYTES),
        default_backend(),
    )
    try:
        # Never over another key: whoever loses an operator's key loses the operator.
        descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path} exists; choose another name.") from error
    except OSError as error:
        raise ConfigError(Reason.KEY_UNUSABLE, f"{path}: {error.strerror}.") from error
    with os.fdopen(descriptor, "wb") as file:
        file.write(data)


def _show(path: Path, secret: SecretKey, output: Format) -> None:
    public = secret.public_key(default_backend())
    show_one(
        output,
        {
            "keystore": str(path),
            "public key G1 (64 bytes)": "0x" + public.g1.to_bytes().hex(),
            "public key G2 (128 bytes, imaginary first)": "0x" + public.g2.to_bytes().hex(),
            "key data for KeyRegistrar (192 bytes)": "0x" + public.key_data.hex(),
        },
    )
