"""Keystores of Hourglass and DevKit hold the scalars that EigenLayer knows them by."""

import json
from typing import Any

import pytest
from vectors import load

from hourglass.bls.keystore import read_keystore
from hourglass.bls.signatures import default_backend
from hourglass.errors import ConfigError
from hourglass.reasons import Reason

KEYSTORES = next(value for value in load("bn254_keystores").values() if isinstance(value, list))


@pytest.mark.parametrize(
    "case", KEYSTORES, ids=lambda case: case["file"].rsplit("/", 2)[-2] + case["file"][-15:]
)
def test_a_keystore_opens_with_its_password(case: dict[str, Any]) -> None:
    data = json.dumps(case["keystore"]).encode()
    assert read_keystore(data, case["password"], default_backend()).scalar == int(case["effective_scalar"])


def test_a_wrong_password_and_another_public_key_are_refused() -> None:
    case = KEYSTORES[2]
    with pytest.raises(ConfigError, match="password is wrong") as caught:
        read_keystore(json.dumps(case["keystore"]).encode(), "wrong", default_backend())
    assert caught.value.reason is Reason.KEY_UNUSABLE
    swapped = case["keystore"] | {"publicKey": KEYSTORES[3]["keystore"]["publicKey"]}
    with pytest.raises(ConfigError, match="the key inside is"):
        read_keystore(json.dumps(swapped).encode(), case["password"], default_backend())
