"""A BLS key in a remote signer: a gRPC server that speaks Cerberus' protocol and shares no code with the client."""

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cerberus_server import API_KEY, MCL, PASSWORD, TLS, Cerberus, response, serving
from structlog.testing import capture_logs

from hourglass.bls.curve import SUBGROUP_ORDER, G1Point
from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.keys import SecretKey
from hourglass.bls.signatures import sign
from hourglass.cerberus.config import CerberusConfig
from hourglass.cerberus.signer import CerberusSigner
from hourglass.errors import ConfigError, SignerError
from hourglass.reasons import Reason

SECRET = SecretKey(0x040AD69253B921ACA71DD714CCCC3095576FBE1A21F86C9B10CB5B119B1C6899)
"""The key of Cerberus' own tests: id and signature below are what they expect."""
KEY_ID = "a3111a2232584734d526d62cbb7c9a0d4ce1984a92b7ecb85bde8878fea5d1b0"
SOME_DATA = b"somedata".ljust(32, b"\0")
SOME_SIGNATURE = (
    "0fea882fc5c936c304b0d79f4c256dbb2d38a2df74b44aaa483dfa87f1a86ede"
    "0bbc32080db378a408b90af7e264b9768a4b2f16c6953ec2611a13bc448d27e4"
)
OTHER = SecretKey(8)
DIGEST = bytes(range(32))


@pytest.fixture
def cerberus() -> Iterator[Cerberus]:
    with serving(Cerberus(SECRET)) as server:
        yield server


@pytest.fixture
def configure(tmp_path: Path) -> Callable[..., CerberusConfig]:
    """Settings for a server, with the right credentials unless others are given."""

    def of(
        port: int, api_key: str | None = API_KEY, password: str | None = PASSWORD, **others: object
    ) -> CerberusConfig:
        files: dict[str, Path] = {}
        for name, secret in (("api_key_file", api_key), ("password_file", password)):
            if secret is not None:
                files[name] = tmp_path / name
                files[name].write_text(secret + "\n")
        settings = {
            "address": f"127.0.0.1:{port}",
            "public_key": "0x" + SECRET.public_key(MCL).key_data.hex(),
            "plaintext": True,
            "timeout_s": 5.0,
            **files,
            **others,
        }
        return CerberusConfig.model_validate(settings)

    return of


Configure = Callable[..., CerberusConfig]


def refusal(config: CerberusConfig) -> SignerError:
    """Why nothing was signed."""
    with CerberusSigner.open(config, MCL) as signer, pytest.raises(SignerError) as caught:
        signer.sign(DIGEST)
    return caught.value


def test_it_signs_as_the_key_itself_would(cerberus: Cerberus, configure: Configure) -> None:
    with CerberusSigner.open(configure(cerberus.port), MCL) as signer:
        signer.prove()
        assert signer.sign(DIGEST) == sign(SECRET, DIGEST, MCL)
        assert signer.sign(SOME_DATA).to_bytes().hex() == SOME_SIGNATURE
        assert signer.public_key == SECRET.public_key(MCL)
    assert cerberus.asked[-1] == {1: KEY_ID.encode(), 2: SOME_DATA, 3: PASSWORD.encode()}


def test_several_threads_may_sign_at_once(cerberus: Cerberus, configure: Configure) -> None:
    digests = [bytes([number]) * 32 for number in range(12)]
    with CerberusSigner.open(configure(cerberus.port), MCL) as signer, ThreadPoolExecutor(4) as threads:
        assert list(threads.map(signer.sign, digests)) == [sign(SECRET, one, MCL) for one in digests]


@pytest.mark.parametrize(
    "answer",
    [
        lambda digest: response(sign(OTHER, digest, MCL).to_bytes()),
        lambda digest: response(sign(SECRET, digest[::-1], MCL).to_bytes()),
        lambda digest: response((-sign(SECRET, digest, MCL)).to_bytes()),
        lambda digest: response(hash_to_g1(digest).to_bytes()),
        lambda _: response(bytes(64)),
        lambda _: response(b"\xff" * 64),
        lambda _: response(b"\x01" * 64),
        lambda digest: response(sign(SECRET, digest, MCL).to_bytes()[:-1]),
        lambda digest: response(sign(SECRET, digest, MCL).to_bytes() + b"\0"),
        lambda _: b"",
        lambda _: b"\xff\xff\xff",
        lambda _: b"<html>",
    ],
    ids=[
        "another key's", "another digest's", "negated", "the hash itself", "the identity", "out of the field",
        "off the curve", "short", "long", "empty", "no protobuf", "a web page",
    ],
)  # fmt: skip
def test_a_false_signature_never_leaves_it(
    cerberus: Cerberus, configure: Configure, answer: Callable[[bytes], bytes]
) -> None:
    cerberus.answer = answer
    error = refusal(configure(cerberus.port))
    assert error.reason is Reason.SIGNER_FALSE
    assert KEY_ID in error.detail


def test_a_key_that_is_not_the_configured_one_is_noticed(cerberus: Cerberus, configure: Configure) -> None:
    other = OTHER.public_key(MCL).key_data.hex()
    assert refusal(configure(cerberus.port, public_key=other)).reason is Reason.SIGNER_REFUSED


@pytest.mark.parametrize(
    ("credentials", "said"),
    [
        ({"api_key": None}, "missing authorization header"),
        ({"api_key": "another-api-key"}, "invalid token '…'"),
        ({"password": "another password"}, "cannot open with b'…' more"),
        ({"password": None}, "cannot open with b''"),
    ],
)
def test_wrong_credentials_are_refused_and_never_shown(
    cerberus: Cerberus, configure: Configure, credentials: dict[str, str | None], said: str
) -> None:
    config = configure(cerberus.port, **credentials)
    error = refusal(config)
    assert error.reason is Reason.SIGNER_REFUSED
    assert said in error.detail
    for secret in credentials.values():
        assert secret is None or secret not in str(error)


def test_its_secrets_are_in_no_repr_error_or_log(cerberus: Cerberus, configure: Configure) -> None:
    config = configure(cerberus.port)
    with capture_logs() as logs, CerberusSigner.open(config, MCL) as signer:
        signer.prove()
        cerberus.answer = lambda _: response(API_KEY.encode() + PASSWORD.encode())
        with pytest.raises(SignerError) as caught:
            signer.sign(DIGEST)
        shown = f"{config!r} {config} {signer!r} {signer} {caught.value!r} {caught.value} {logs}"
    assert API_KEY not in shown
    assert PASSWORD not in shown


def test_a_server_that_takes_too_long_is_not_waited_for(cerberus: Cerberus, configure: Configure) -> None:
    cerberus.holds = True
    started = time.monotonic()
    error = refusal(configure(cerberus.port, timeout_s=0.2))
    assert error.reason is Reason.SIGNER_UNREACHABLE
    assert "DEADLINE_EXCEEDED" in error.detail
    assert time.monotonic() - started < 10


def test_a_server_that_is_away_is_unreachable_and_used_again_when_it_is_back(configure: Configure) -> None:
    with serving(Cerberus(SECRET)) as first:
        port = first.port
    with CerberusSigner.open(configure(port), MCL) as signer:
        with pytest.raises(SignerError) as caught:
            signer.sign(DIGEST)
        assert caught.value.reason is Reason.SIGNER_UNREACHABLE
        with serving(Cerberus(SECRET), port=port):
            assert eventually(signer) == sign(SECRET, DIGEST, MCL)


def eventually(signer: CerberusSigner) -> G1Point:
    """Its signature, within seconds."""
    ends = time.monotonic() + 10
    while True:
        try:
            return signer.sign(DIGEST)
        except SignerError:
            if time.monotonic() > ends:
                raise
            time.sleep(0.05)


def test_over_tls_the_server_is_who_the_certificate_says(configure: Configure) -> None:
    with serving(Cerberus(SECRET), tls=True) as server:
        trusted = configure(server.port, plaintext=False, ca_file=TLS / "localhost.pem")
        with CerberusSigner.open(trusted, MCL) as signer:
            assert signer.sign(DIGEST) == sign(SECRET, DIGEST, MCL)
        server.asked.clear()
        for distrusted in (
            configure(server.port, plaintext=False, ca_file=TLS / "stranger.pem"),
            configure(server.port, plaintext=False),
            configure(server.port, plaintext=True),
        ):
            assert refusal(distrusted).reason is Reason.SIGNER_UNREACHABLE
        assert server.asked == []


def test_a_server_without_tls_is_not_spoken_to_unless_that_is_said(
    cerberus: Cerberus, configure: Configure
) -> None:
    error = refusal(configure(cerberus.port, plaintext=False, ca_file=TLS / "localhost.pem"))
    assert error.reason is Reason.SIGNER_UNREACHABLE
    assert cerberus.asked == []


@pytest.mark.parametrize("key_data", ["00" * 192, "ff" * 192, "11" * 192])
def test_a_public_key_that_is_none_is_refused_before_anyone_is_asked(
    configure: Configure, key_data: str
) -> None:
    with (
        pytest.raises(ConfigError, match="is none") as caught,
        CerberusSigner.open(configure(1, public_key=key_data), MCL),
    ):
        pass
    assert caught.value.reason is Reason.KEY_UNUSABLE


def test_halves_of_two_keys_are_refused(configure: Configure) -> None:
    mixed = SECRET.public_key(MCL).g1.to_bytes() + OTHER.public_key(MCL).g2.to_bytes()
    with (
        pytest.raises(ConfigError, match="different keys"),
        CerberusSigner.open(configure(1, public_key=mixed.hex()), MCL),
    ):
        pass


@pytest.mark.parametrize(
    "wrong",
    [
        {"public_key": "zz"},
        {"public_key": "0x" + "11" * 128},
        {"plaintext": True, "ca_file": "ca.pem"},
        {"timeout_s": 0},
        {"api_key": "in the file of settings"},
    ],
)
def test_settings_that_cannot_be_meant_are_refused(wrong: dict[str, object]) -> None:
    right = {"address": "signer:50051", "public_key": SECRET.public_key(MCL).key_data.hex()}
    assert CerberusConfig.model_validate(right).timeout_s > 0
    with pytest.raises(ValueError):
        CerberusConfig.model_validate(right | wrong)


@pytest.mark.parametrize("api_key", ["two\nlines", "é", "bell\a"])
def test_an_api_key_that_cannot_be_sent_is_refused(configure: Configure, api_key: str) -> None:
    config = configure(1, api_key=api_key)
    with pytest.raises(ConfigError, match="no API key"), CerberusSigner.open(config, MCL):
        pass


@pytest.mark.parametrize("name", ["api_key_file", "password_file", "ca_file"])
def test_a_file_that_is_not_there_is_named(configure: Configure, tmp_path: Path, name: str) -> None:
    config = configure(1, plaintext=False, **{name: tmp_path / "nowhere"})
    with pytest.raises(ConfigError, match="nowhere: No such file"), CerberusSigner.open(config, MCL):
        pass


def test_both_roots_have_their_id() -> None:
    """Negating a key flips its root, and with that the top bits of its id only."""
    negated = SecretKey(SUBGROUP_ORDER - SECRET.scalar).public_key(MCL)
    config = CerberusConfig(address="a:1", public_key=negated.key_data.hex(), plaintext=True)
    with CerberusSigner.open(config, MCL) as signer:
        assert signer.key_id == "e" + KEY_ID[1:]
