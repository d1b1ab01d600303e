"""Where DevKit keeps an operator's keys, and those keys."""

from pathlib import Path

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.cli.devkit.context import DevkitKeystore, DevkitOperator
from hourglass.cli.settings import read_secret_file
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import read_keystore
from hourglass.keystores.ethereum import read_ethereum_keystore
from hourglass.reasons import Reason


def keystore_of(operator: DevkitOperator, operator_set: int) -> DevkitKeystore:
    """An operator's keystores for this set. Raises ConfigError(KEY_UNUSABLE) if the context names none."""
    for one in operator.keystores:
        if one.operatorSet == operator_set:
            return one
    raise ConfigError(
        Reason.KEY_UNUSABLE,
        f"The context has no keystores of operator {operator.address} for operator set {operator_set}.",
    )


def bls_path(operator: DevkitOperator, operator_set: int) -> Path:
    """The file of its BLS key in this set. Raises ConfigError(KEY_UNUSABLE) if the context names none."""
    path = keystore_of(operator, operator_set).bls_keystore_path
    if path is None:
        raise ConfigError(
            Reason.KEY_UNUSABLE,
            f"The context names no bls_keystore_path of operator {operator.address} for operator set {operator_set}.",
        )
    return path


def bls_secret(operator: DevkitOperator, operator_set: int) -> SecretKey:
    """Its BLS key in this set. Raises ConfigError(KEY_UNUSABLE): no such file, wrong password, another key inside."""
    password = keystore_of(operator, operator_set).bls_keystore_password.get_secret_value()
    return read_keystore(read_secret_file(bls_path(operator, operator_set)), password, default_backend())


def ecdsa_path(operator: DevkitOperator, operator_set: int) -> Path:
    """The file of its ECDSA key in this set. Raises ConfigError(KEY_UNUSABLE) if the context names none."""
    path = keystore_of(operator, operator_set).ecdsa_keystore_path
    if path is None:
        raise ConfigError(
            Reason.KEY_UNUSABLE,
            f"The context names no ecdsa_keystore_path of operator {operator.address} for operator set {operator_set}.",
        )
    return path


def ecdsa_secret(operator: DevkitOperator, operator_set: int) -> bytes:
    """Its ECDSA key in this set. Raises ConfigError(KEY_UNUSABLE): no such file, wrong password, another key inside."""
    password = keystore_of(operator, operator_set).ecdsa_keystore_password.get_secret_value()
    return read_ethereum_keystore(read_secret_file(ecdsa_path(operator, operator_set)), password)
