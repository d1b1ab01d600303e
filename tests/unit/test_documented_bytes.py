"""The protocol's page says the bytes that the code makes: typehashes, fields of messages, and its worked example."""

import re
from pathlib import Path

import pytest
import samples
from eth_hash.auto import keccak

from hourglass.bls.hashing import hash_to_g1
from hourglass.bls.signatures import sign
from hourglass.certificate import digests
from hourglass.certificate.certificates import certify
from hourglass.certificate.digests import (
    approval_digest,
    certificate_digest,
    inputs_hash,
    observation_digest,
    phase_message_hash,
    proposal_digest,
    series_proposal_digest,
    triggered_inputs_hash,
)
from hourglass.workflow.identifiers import PhaseIndex, Tick
from hourglass.workflow.series import TickValue, encode_series
from hourglass.workflow.series_end import series_of_ticks
from messages.requests import PhaseRequest
from messages.subjects import STREAMS, TASK_VERB, VERB_OF
from messages.wire import KINDS, TABLES, encode

PAGE = (Path(__file__).parents[2] / "docs" / "protocol.md").read_text("utf-8")
EXAMPLE = PAGE.partition("## 11. A worked example")[2]
TYPEHASH = re.compile(r"^\| `([A-Z_0-9]+)` \| `0x([0-9a-f]{64})` \| `([^`]+)` \|$", re.MULTILINE)


def test_every_typehash_is_the_hash_of_its_type_and_the_one_that_is_used() -> None:
    rows = TYPEHASH.findall(PAGE)
    assert len(rows) == 13
    for name, digest, type_string in rows:
        assert keccak(type_string.encode("ascii")).hex() == digest
        assert getattr(digests, name).hex() == digest
    documented = {digest for _, digest, _ in rows}
    used = {
        value.hex()
        for name, value in vars(digests).items()
        if name.isupper() and isinstance(value, bytes) and len(value) == 32 and any(value)
    }
    assert used == documented


@pytest.mark.parametrize("kind", TABLES)
def test_each_message_has_the_fields_that_its_table_lists(kind: str) -> None:
    _, found, rest = PAGE.partition(f"**`{kind}`**")
    assert found
    listed = re.findall(r"^\| `(\w+)` \|", rest.partition("\n**`")[0].partition("\n## ")[0], re.MULTILINE)
    assert listed == list(TABLES[kind][1])


def test_each_message_travels_where_the_page_says() -> None:
    rows = dict(re.findall(r"^\| `(\w+)\.<set>[^`]*` \| `(\w+)` \|", PAGE, re.MULTILINE))
    verbs = {verb: KINDS[message] for message, verb in VERB_OF.items()}
    assert verbs | {TASK_VERB: KINDS[PhaseRequest]} == rows
    for stream in STREAMS:
        assert f"| `{stream.name}` | {', '.join(f'`{one}`' for one in stream.subjects)} |" in PAGE


# ── The worked example ────────────────────────────────────────────────────────────────────────────────


def block(title: str) -> str:
    """The example's block under this title."""
    return EXAMPLE.partition(title)[2].partition("```\n")[2].partition("```")[0]


def unspaced(title: str) -> str:
    """The same without spaces and line breaks."""
    return re.sub(r"\s+", "", block(title))


def test_what_is_signed_is_what_the_example_says() -> None:
    text = re.sub(r"\s+", "", EXAMPLE)
    assert f"operatorSetKey{samples.SET.key.hex()}" in text
    assert f"inputsHash{samples.INPUTS.hex()}" in text
    message_hash = phase_message_hash(samples.SLOT, samples.SET, samples.INPUTS, b"result")
    digest = certificate_digest(samples.TIMESTAMP, message_hash)
    assert f"keccak(result){keccak(b'result').hex()}" in text
    assert f"messageHash{message_hash.hex()}" in text
    assert f"digest{digest.hex()}" in text
    x, y = re.findall(".{64}", hash_to_g1(digest).to_bytes().hex())
    assert f"H(digest){x}" in text
    assert y in text


def test_the_attestation_is_encoded_as_the_example_shows() -> None:
    # What each byte means stands beside it, two spaces away.
    shown = "".join(line.strip().partition("  ")[0] for line in block("**An attestation**").splitlines())
    assert bytes.fromhex(shown) == encode(samples.attestation(0, b"result"))


def test_the_certificate_is_the_one_that_the_example_shows() -> None:
    message_hash = phase_message_hash(samples.SLOT, samples.SET, samples.INPUTS, b"result")
    digest = certificate_digest(samples.TIMESTAMP, message_hash)
    signatures = {
        samples.OPERATORS[number]: sign(samples.KEYS[number], digest, samples.BACKEND) for number in range(3)
    }
    certificate = certify(samples.TABLE, message_hash, signatures, samples.BACKEND)
    text = unspaced("**The certificate**")
    assert f"signature{certificate.signature.to_bytes().hex()}" in text
    assert f"apk{certificate.apk.to_bytes().hex()}" in text
    assert f"treeroot{samples.TABLE.root.hex()}" in text
    assert [one.operator_index for one in certificate.non_signer_witnesses] == [3, 4]
    assert f"proof3{samples.TABLE.proof(3).hex()}" in text
    encoded = certificate.encode()
    assert f"abi.encode{len(encoded):,}bytes,keccak{keccak(encoded).hex()}" in text


def test_the_observation_and_the_proposal_are_those_that_the_example_shows() -> None:
    seven, eight = samples.observation(0, 7), samples.observation(1, 8)
    text = unspaced("**An observation**")
    digest = observation_digest(samples.OBSERVATION_SLOT, samples.SET, samples.INPUTS, seven.value)
    assert text == f"value{seven.value.hex()}digest{digest.hex()}signature{seven.signature.hex()}"
    proposal = samples.proposal_of(samples.AGGREGATORS[0], (seven, eight))
    text = unspaced("**A proposal**")
    digest = proposal_digest(proposal.slot, samples.SET, samples.INPUTS, proposal.observations)
    assert text.endswith(f"digest{digest.hex()}signature{proposal.signature.hex()}")


def test_the_tick_and_the_series_are_those_that_the_example_shows() -> None:
    one = samples.certified_tick(1, 7, signers=range(3))
    three = samples.certified_tick(3, 9, signers=range(3), stop=True)
    assert unspaced("**A certified tick**") == (
        f"value{one.value.hex()}messageHash{samples.SCOPE.message_hash(one).hex()}digest"
        f"{samples.SCOPE.digest(one).hex()}signers{one.signers.hex()}signature{one.signature.hex()}"
    )
    assert three.value == b"\1" + (9).to_bytes(32, "big")
    values = {tick.tick: TickValue.decode(tick.value) for tick in (one, three)}
    series = encode_series(series_of_ticks(values, Tick(3)))
    proposal = samples.series_proposal(samples.AGGREGATORS[0], (one, three), 3)
    digest = series_proposal_digest(
        proposal.slot, samples.SET, samples.INPUTS, 3, [(t.tick, t.round, t.value) for t in (one, three)]
    )
    words = re.findall(r"\b[0-9a-f]{64}\b", block("**A series**").partition("messageHash")[0])
    assert "".join(words) == series.hex()
    message_hash = phase_message_hash(samples.SLOT, samples.SET, samples.INPUTS, series)
    assert unspaced("**A series**").endswith(
        f"messageHash{message_hash.hex()}proposaldigest{digest.hex()}signature{proposal.signature.hex()}"
    )


def test_inputs_and_approvals_are_those_that_the_example_shows() -> None:
    two = inputs_hash(samples.PAYLOAD, [(PhaseIndex(0), b"result"), (PhaseIndex(1), None)])
    triggered = triggered_inputs_hash(samples.INPUTS, b"data")
    approval = approval_digest(samples.SLOT)
    assert unspaced("**Inputs.**") == (
        f"inputsHash{two.hex()}triggered{triggered.hex()}approvaldigest{approval.hex()}"
    )
