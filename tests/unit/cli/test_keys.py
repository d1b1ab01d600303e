"""`hourglass keys`, in this process: what it reads, writes, prints, and what it never prints."""

import json
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from cerberus_server import API_KEY, PASSWORD, Cerberus, serving
from typer.testing import CliRunner, Result
from vectors import load

from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import default_backend
from hourglass.certificate.digests import ecdsa_key_registration_digest
from hourglass.certificate.ecdsa import address_of, recover_signer
from hourglass.chain.signing import EthAccount
from hourglass.cli import key_files
from hourglass.cli.keys import app
from hourglass.errors import ConfigError
from hourglass.keystores.bn254 import Bn254Keystore, kind_of, read_keystore
from hourglass.workflow.identifiers import Address, ChainId, OperatorSetId

QUICK = 16
REGISTRATION: dict[str, Any] = load("digests_and_typehashes")["bn254_key_registration"]
DEVKIT: dict[str, Any] = load("bn254_keystores")["keystores"][2]
ETHEREUM = bytes(range(1, 33))
G2 = "public key G2 (128 bytes, imaginary first)"

CALL = "registerKey(address,(address,uint32),bytes,bytes)"


@pytest.fixture(autouse=True)
def _cheap(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """scrypt costs nothing here, and every path is below an empty folder."""
    for name in ("write_keystore", "write_ethereum_keystore"):
        monkeypatch.setattr(key_files, name, partial(getattr(key_files, name), scrypt_n=QUICK))
    monkeypatch.chdir(tmp_path)
    Path("password").write_text("correct horse\n")


def run(*arguments: str, typed: str | None = None) -> Result:
    return CliRunner().invoke(app, arguments, input=typed)


def answer(*arguments: str) -> dict[str, Any]:
    """What a command that went well printed."""
    result = run(*arguments, "--password-file", "password", "-o", "json")
    if result.exception is not None:
        raise result.exception
    found: dict[str, Any] = json.loads(result.stdout)
    return found


def refusal(*arguments: str) -> str:
    """Why a command refused."""
    result = run(*arguments, "--password-file", "password")
    assert isinstance(result.exception, ConfigError)
    assert result.stdout == ""
    return str(result.exception)


@pytest.mark.parametrize(("kind", "form"), [("bn254", "eip2335"), ("ecdsa", "ethereum")])
def test_a_new_key_is_the_owner_s_alone_and_shown_again(kind: str, form: str) -> None:
    made = answer("new", "key.json", "--kind", kind)
    assert made["form"] == form
    assert Path("key.json").stat().st_mode & 0o777 == 0o600
    assert answer("show", "key.json") == made
    assert answer("new", "other.json", "--kind", kind) | {"keystore": "key.json"} != made


def test_nothing_is_ever_written_over_a_key() -> None:
    answer("new", "key.json")
    before = Path("key.json").read_bytes()
    assert "key.json exists" in refusal("new", "key.json")
    assert "key.json exists" in refusal(
        "import", "key.json", "--from", "key.json", "--from-password-file", "password"
    )
    exported = ("--to", "key.json", "--form", "legacy", "--to-password-file", "password")
    assert "key.json exists" in refusal("export", "key.json", *exported)
    assert Path("key.json").read_bytes() == before


def test_devkit_s_key_is_imported_and_goes_back() -> None:
    """Back as the scalar's bytes, which DevKit reads as it reads its own digits: bytes, big-endian, modulo r."""
    Path("devkit.json").write_text(json.dumps(DEVKIT["keystore"]))
    Path("theirs").write_text(DEVKIT["password"])
    imported = answer("import", "mine.json", "--from", "devkit.json", "--from-password-file", "theirs")
    assert imported[G2] == "0x" + DEVKIT["pubkey_hex"]
    assert imported["form"] == "eip2335"
    back = answer(
        "export", "mine.json", "--to", "back.json", "--form", "legacy", "--to-password-file", "theirs"
    )
    assert back == imported | {"keystore": "back.json", "form": "legacy"}
    written = Path("back.json").read_bytes()
    assert kind_of(json.loads(written)) is Bn254Keystore.LEGACY
    opened = read_keystore(written, DEVKIT["password"], default_backend())
    assert opened.scalar == int(DEVKIT["effective_scalar"])


def test_an_account_of_ethereum_is_imported_and_goes_back() -> None:
    Path("geth.json").write_text(json.dumps(EthAccount.encrypt(ETHEREUM, "correct horse", "scrypt", QUICK)))
    imported = answer("import", "mine.json", "--from", "geth.json", "--from-password-file", "password")
    assert imported["address"] == str(address_of(ETHEREUM))
    back = ("--to", "back.json", "--form", "ethereum", "--to-password-file", "password")
    assert answer("export", "mine.json", *back)["address"] == str(address_of(ETHEREUM))
    assert bytes(EthAccount.decrypt(Path("back.json").read_text(), "correct horse")) == ETHEREUM


@pytest.mark.parametrize(
    ("text", "kind", "shown"),
    [
        ("69", "bn254", SecretKey(69).public_key(default_backend()).g2.to_bytes().hex()),
        ("0x45\n", "bn254", SecretKey(69).public_key(default_backend()).g2.to_bytes().hex()),
        ("0x" + ETHEREUM.hex(), "ecdsa", str(address_of(ETHEREUM))),
        (ETHEREUM.hex() + "\n", "ecdsa", str(address_of(ETHEREUM))),
    ],
)
def test_a_bare_key_is_imported_as_the_kind_it_is_said_to_be(text: str, kind: str, shown: str) -> None:
    Path("bare").write_text(text)
    assert shown in json.dumps(answer("import", "key.json", "--from", "bare", "--kind", kind))


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        *((text, "bn254") for text in ("0", "-1", "1" * 90, "secret", "")),
        *((text, "ecdsa") for text in ("00" * 32, "ff" * 32, "12" * 31, "secret", "")),
    ],
)
def test_what_is_no_key_is_refused_and_not_shown(text: str, kind: str) -> None:
    Path("bare").write_text(text)
    said = refusal("import", "key.json", "--from", "bare", "--kind", kind)
    assert "bare holds neither a keystore nor" in said
    assert len(text) < 5 or text not in said
    assert not Path("key.json").exists()


@pytest.mark.parametrize(("kind", "form"), [("bn254", "ethereum"), ("ecdsa", "eip2335"), ("ecdsa", "legacy")])
def test_a_key_has_no_form_of_the_other_curve(kind: str, form: str) -> None:
    answer("new", "key.json", "--kind", kind)
    said = refusal(
        "export", "key.json", "--to", "other.json", "--form", form, "--to-password-file", "password"
    )
    assert f"Form {form} is for" in said
    assert not Path("other.json").exists()


def test_a_wrong_password_is_said_to_be_wrong_and_which_file_it_is() -> None:
    for kind in ("bn254", "ecdsa"):
        answer("new", f"{kind}.json", "--kind", kind)
    Path("password").write_text("wrong")
    for kind in ("bn254", "ecdsa"):
        assert f"{kind}.json: Its password is wrong." in refusal("show", f"{kind}.json")


def test_a_password_that_is_not_in_a_file_is_asked_for_and_not_shown() -> None:
    result = run("new", "key.json", typed="hidden word\nhidden word\n")
    assert result.exit_code == 0
    assert "hidden word" not in result.output
    Path("password").write_text("hidden word")
    answer("show", "key.json")


def test_what_is_no_keystore_is_refused_before_a_password_is_asked_for() -> None:
    Path("key.json").write_text("{}")
    result = run("show", "key.json")
    assert isinstance(result.exception, ConfigError)
    assert "Password" not in result.output


def test_a_folder_s_keystores_are_listed_without_a_password() -> None:
    answer("new", "a.json")
    answer("new", "b.json", "--kind", "ecdsa")
    Path("c.json").write_text(json.dumps(DEVKIT["keystore"]))
    Path("notes.txt").write_text("no key")
    Path("d.json").write_text('{"not": "a keystore"}')
    Path("folder").mkdir()
    listed = json.loads(run("list", ".", "-o", "json").stdout)
    assert [(row["file"], row["form"]) for row in listed] == [
        ("a.json", "eip2335"),
        ("b.json", "ethereum"),
        ("c.json", "legacy"),
    ]
    assert listed[2]["public key, as the file says"] == DEVKIT["pubkey_hex"]


def where(**others: str) -> tuple[str, ...]:
    """The options of a registration, as the vector has it."""
    options = {
        "operator": REGISTRATION["operator"],
        "avs": REGISTRATION["avs"],
        "operator-set": str(REGISTRATION["operator_set_id"]),
        "chain-id": str(REGISTRATION["chain_id"]),
        "registrar": REGISTRATION["key_registrar"],
    }
    return tuple(part for name, value in (options | others).items() for part in (f"--{name}", value))


def test_the_registration_of_a_bn254_key_is_what_eigenlayer_s_contract_takes() -> None:
    Path("bare").write_text(REGISTRATION["sk"])
    answer("import", "key.json", "--from", "bare")
    printed = answer("registration", "key.json", *where())
    assert printed["digest"] == REGISTRATION["digest"]
    assert printed["key data"] == REGISTRATION["key_data"]
    assert printed["proof of possession"] == REGISTRATION["signature_64"]
    assert printed["call"].startswith(load("abi_identifiers")["contracts"]["KeyRegistrar"]["functions"][CALL])
    for part in ("key_data", "signature_64", "operator", "avs"):
        assert REGISTRATION[part][2:] in printed["call"]
    for changed in ({"operator": "0x" + "0c" * 20}, {"operator-set": "8"}, {"chain-id": "2"}):
        assert answer("registration", "key.json", *where(**changed))["digest"] != printed["digest"]


def test_the_registration_of_an_ecdsa_key_is_signed_by_it() -> None:
    Path("bare").write_text(ETHEREUM.hex())
    answer("import", "key.json", "--from", "bare", "--kind", "ecdsa")
    printed = answer("registration", "key.json", *where())
    key = address_of(ETHEREUM)
    assert printed["key data"] == "0x" + bytes(key).hex()
    digest = ecdsa_key_registration_digest(
        Address.parse(REGISTRATION["key_registrar"]),
        ChainId(REGISTRATION["chain_id"]),
        Address.parse(REGISTRATION["operator"]),
        OperatorSetId(Address.parse(REGISTRATION["avs"]), REGISTRATION["operator_set_id"]),
        key,
    )
    assert printed["digest"] == "0x" + digest.hex()
    assert recover_signer(digest, bytes.fromhex(printed["proof of possession"][2:])) == key


def agent_settings(operator_sets: list[dict[str, Any]]) -> None:
    """An agent's file, with these sets."""
    Path("operator").write_text(ETHEREUM.hex())
    settings = {
        "chain": {"rpc_url": "http://node", "chain_id": 5, "state_machine": REGISTRATION["avs"]},
        "bus": {},
        "operator_key": {"file": "operator"},
        "journal": "journal",
        "operator_sets": [
            {"avs": REGISTRATION["avs"], "number": REGISTRATION["operator_set_id"], **one}
            for one in operator_sets
        ],
        "workflows": ["workflow.py:it"],
    }
    Path("agent.yaml").write_text(json.dumps(settings))


def test_a_key_that_stays_with_a_remote_signer_proves_itself_for_its_registration() -> None:
    for name, secret in (("api-key", API_KEY), ("key-password", PASSWORD)):
        Path(name).write_text(secret)
    with serving(Cerberus(SecretKey(int(REGISTRATION["sk"])))) as server:
        cerberus = {
            "address": f"127.0.0.1:{server.port}",
            "public_key": REGISTRATION["key_data"],
            "api_key_file": "api-key",
            "password_file": "key-password",
            "plaintext": True,
        }
        agent_settings([{"bls_key": {"cerberus": cerberus}, "ecdsa_key": {"file": "operator"}}])
        printed = answer("registration", *where(), "--agent-config", "agent.yaml")
        assert printed["proof of possession"] == REGISTRATION["signature_64"]
        of_account = answer("registration", *where(), "--agent-config", "agent.yaml", "--kind", "ecdsa")
        assert of_account["key data"] == "0x" + bytes(address_of(ETHEREUM)).hex()
        another = where(**{"operator-set": "9"})
        assert "names no bn254 key" in refusal("registration", *another, "--agent-config", "agent.yaml")


def test_a_registration_is_of_one_key() -> None:
    answer("new", "key.json")
    for arguments in ((), ("key.json", "--agent-config", "agent.yaml")):
        assert run("registration", *where(), *arguments).exit_code == 2


def test_no_command_prints_a_secret() -> None:
    scalar = 0x1234_5678_9ABC_DEF0_1234_5678_9ABC_DEF0
    Path("bare").write_text(str(scalar))
    shown = "".join(
        json.dumps(answer(*arguments))
        for arguments in (
            ("import", "key.json", "--from", "bare"),
            ("show", "key.json"),
            (
                "export",
                "key.json",
                "--to",
                "other.json",
                "--form",
                "legacy",
                "--to-password-file",
                "password",
            ),
            ("registration", "key.json", *where()),
        )
    )
    for secret in (str(scalar), f"{scalar:x}", "correct horse"):
        assert secret not in shown
