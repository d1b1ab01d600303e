"""Messages as bytes: a versioned msgpack envelope, one table of fields per kind of message.

    {"v": 1, "t": "<kind>", "b": {"<field>": value, …}}

`decode` is total: any bytes give a message or a DecodeError with a reason, within bounded time and memory. Fields
that this release does not know are ignored, so that a later release of the same version may add some; a newer
version is refused as such, and a missing or wrong field is malformed.
"""

from collections.abc import Mapping
from typing import Any

import msgpack

from hourglass.errors import DecodeError
from hourglass.reasons import Reason
from hourglass.workflow.series import MAX_TICKS
from messages.fields import (
    ADDRESS,
    ATTESTED,
    CERTIFIED_TICK,
    DEPENDENCY_RESULTS,
    ECDSA_SIGNATURE,
    MAX_CODE_CHARACTERS,
    MAX_DETAIL_CHARACTERS,
    MAX_OPERATORS,
    OBSERVATION_SLOT,
    OPERATOR_SET,
    PAYLOAD,
    SIGNATURE,
    SIGNED_OBSERVATION,
    SLOT,
    TRIGGER_DATA,
    UINT32_FIELD,
    WORD,
    Shape,
    integer,
    listed,
    malformed,
    text,
)
from messages.requests import PhaseRequest, Proposal, SeriesProposal, TickCertificate
from messages.responses import Attestation, Observation, Refusal

VERSION = 1
MAX_MESSAGE_BYTES = 1_048_576
"""NATS's own default. Most messages have well under 1 kB; a proposal of 1,024 small observations has 130 kB."""
MAX_NESTED_LENGTH = 2_048
"""No list or map of any message is longer."""

Message = PhaseRequest | Proposal | TickCertificate | SeriesProposal | Observation | Attestation | Refusal

TABLES: Mapping[str, tuple[type[Any], Mapping[str, Shape]]] = {
    "phase_request": (
        PhaseRequest,
        {
            "slot": OBSERVATION_SLOT,
            "operator_set": OPERATOR_SET,
            "reference_timestamp": UINT32_FIELD,
            "inputs_hash": WORD,
            "payload": PAYLOAD,
            "dependency_results": DEPENDENCY_RESULTS,
            "trigger_data": TRIGGER_DATA,
            "wanted": listed(ADDRESS, MAX_OPERATORS),
            "aggregator": ADDRESS,
        },
    ),
    "proposal": (
        Proposal,
        {
            "slot": SLOT,
            "operator_set": OPERATOR_SET,
            "inputs_hash": WORD,
            "observations": listed(SIGNED_OBSERVATION, MAX_OPERATORS),
            "aggregator": ADDRESS,
            "signature": ECDSA_SIGNATURE,
        },
    ),
    "tick_certificate": (
        TickCertificate,
        {
            "slot": OBSERVATION_SLOT,
            "operator_set": OPERATOR_SET,
            "inputs_hash": WORD,
            "certified": CERTIFIED_TICK,
        },
    ),
    "series_proposal": (
        SeriesProposal,
        {
            "slot": SLOT,
            "operator_set": OPERATOR_SET,
            "inputs_hash": WORD,
            "ticks": integer(MAX_TICKS),
            "certified": listed(CERTIFIED_TICK, MAX_TICKS),
            "aggregator": ADDRESS,
            "signature": ECDSA_SIGNATURE,
        },
    ),
    "observation": (
        Observation,
        {
            "slot": OBSERVATION_SLOT,
            "operator_set": OPERATOR_SET,
            "inputs_hash": WORD,
            "observation": SIGNED_OBSERVATION,
        },
    ),
    "attestation": (
        Attestation,
        {
            "slot": SLOT,
            "operator_set": OPERATOR_SET,
            "operator": ADDRESS,
            "inputs_hash": WORD,
            "reference_timestamp": UINT32_FIELD,
            "result": ATTESTED,
            "signature": SIGNATURE,
        },
    ),
    "refusal": (
        Refusal,
        {
            "slot": OBSERVATION_SLOT,
            "operator_set": OPERATOR_SET,
            "operator": ADDRESS,
            "reason_code": text(MAX_CODE_CHARACTERS),
            "detail": text(MAX_DETAIL_CHARACTERS),
        },
    ),
}
"""Every kind of message. The fields' names are the dataclass's, on the wire as well."""

KINDS: Mapping[type[Any], str] = {message: kind for kind, (message, _) in TABLES.items()}


def encode(message: Message) -> bytes:
    """The message's bytes. Raises DecodeError where `decode` would: a message of ours that breaks a bound."""
    kind = KINDS[type(message)]
    _, fields = TABLES[kind]
    body = {
        name: field.pack(value)
        for name, field in fields.items()
        if (value := getattr(message, name)) is not None or not field.optional
    }
    data: bytes = msgpack.packb({"v": VERSION, "t": kind, "b": body}, use_bin_type=True)
    if len(data) > MAX_MESSAGE_BYTES:
        raise DecodeError(Reason.OVERSIZED, f"The message has {len(data)} bytes.")
    return data


def decode(data: bytes) -> Message:
    """The message in these bytes. Raises DecodeError: OVERSIZED, MALFORMED, UNSUPPORTED_VERSION, UNKNOWN_MESSAGE."""
    envelope = _unpack(data)
    version, kind, body = envelope.get("v"), envelope.get("t"), envelope.get("b")
    if type(version) is not int or version < 1:
        raise malformed("The envelope has no version.")
    if version > VERSION:
        raise DecodeError(Reason.UNSUPPORTED_VERSION, f"It speaks version {version}, this is {VERSION}.")
    if not isinstance(kind, str) or not isinstance(body, dict):
        raise malformed("The envelope has no kind or no body.")
    if kind not in TABLES:
        raise DecodeError(Reason.UNKNOWN_MESSAGE, f"Its kind is {kind[:MAX_CODE_CHARACTERS]!r}.")
    make, fields = TABLES[kind]
    missing = [name for name, field in fields.items() if name not in body and not field.optional]
    if missing:
        raise malformed(f"{kind} lacks {', '.join(missing)}.")
    message: Message = make(**{name: field.unpack(body.get(name)) for name, field in fields.items()})
    return message


def _unpack(data: bytes) -> dict[str, Any]:
    if len(data) > MAX_MESSAGE_BYTES:
        raise DecodeError(Reason.OVERSIZED, f"The message has {len(data)} bytes.")
    try:
        envelope = msgpack.unpackb(
            data,
            raw=False,
            strict_map_key=True,
            max_array_len=MAX_NESTED_LENGTH,
            max_map_len=MAX_NESTED_LENGTH,
            max_str_len=MAX_MESSAGE_BYTES,
            max_bin_len=MAX_MESSAGE_BYTES,
            max_ext_len=0,
        )
    except (ValueError, TypeError, msgpack.UnpackException, RecursionError) as error:
        raise malformed(f"It is no msgpack: {type(error).__name__}.") from error
    if not isinstance(envelope, dict):
        raise malformed("The envelope is no map.")
    return envelope
