"""Every way to spoil a certificate that its own bytes allow, and the reason for which it is then refused."""

from collections.abc import Callable, Iterable
from dataclasses import replace

from certificate_cases import BACKEND, TIMESTAMP, Case, address, signatures

from hourglass.bls.curve import FIELD_MODULUS, G1_GENERATOR, G1Point, G2Point
from hourglass.certificate.certificates import Certificate, NonSignerWitness
from hourglass.workflow.identifiers import WORD_BYTES, MessageHash, ReferenceTimestamp, StakeWeight

Spoil = Callable[[Case], Certificate]


def with_witnesses(certificate: Certificate, witnesses: Iterable[NonSignerWitness]) -> Certificate:
    return replace(certificate, non_signer_witnesses=tuple(witnesses))


def first_proof(case: Case) -> bytes:
    return case.certificate.non_signer_witnesses[0].operator_info_proof


def with_first(case: Case, **changes: object) -> Certificate:
    first, *others = case.certificate.non_signer_witnesses
    return with_witnesses(case.certificate, [replace(first, **changes), *others])  # type: ignore[arg-type]


def witness_missing(case: Case) -> Certificate:
    return with_witnesses(case.certificate, case.certificate.non_signer_witnesses[1:])


def witness_of_a_signer(case: Case) -> Certificate:
    """Duly proven and in its place, but its signature is in the sum."""
    index = case.signers[0]
    surplus = NonSignerWitness(index, case.table.proof(index), case.table.operators[index].info)
    found = [*case.certificate.non_signer_witnesses, surplus]
    return with_witnesses(case.certificate, sorted(found, key=lambda witness: witness.operator_index))


def witness_twice(case: Case) -> Certificate:
    first, *others = case.certificate.non_signer_witnesses
    return with_witnesses(case.certificate, [first, first, *others])


def wrong_order(case: Case) -> Certificate:
    return with_witnesses(case.certificate, case.certificate.non_signer_witnesses[::-1])


def index_past_the_end(case: Case) -> Certificate:
    *others, last = case.certificate.non_signer_witnesses
    beyond = replace(last, operator_index=len(case.table.operators))
    return with_witnesses(case.certificate, [*others, beyond])


def index_of_a_signer(case: Case) -> Certificate:
    """In its place among the others, so that only its proof can tell."""
    first, *others = case.certificate.non_signer_witnesses
    moved = [replace(first, operator_index=case.signers[0]), *others]
    return with_witnesses(case.certificate, sorted(moved, key=lambda witness: witness.operator_index))


def more_weight(case: Case) -> Certificate:
    info = case.certificate.non_signer_witnesses[0].operator_info
    more = (StakeWeight(info.weights[0] + 1), *info.weights[1:])
    return with_first(case, operator_info=replace(info, weights=more))


def one_column_less(case: Case) -> Certificate:
    info = case.certificate.non_signer_witnesses[0].operator_info
    return with_first(case, operator_info=replace(info, weights=info.weights[:-1]))


def one_column_more(case: Case) -> Certificate:
    info = case.certificate.non_signer_witnesses[0].operator_info
    return with_first(case, operator_info=replace(info, weights=(*info.weights, StakeWeight(0))))


def key_of_a_signer(case: Case) -> Certificate:
    info = case.certificate.non_signer_witnesses[0].operator_info
    return with_first(
        case, operator_info=replace(info, pubkey=case.table.operators[case.signers[0]].pubkey_g1)
    )


def key_from_the_bytes_of_g2(case: Case) -> Certificate:
    """As Hourglass' aggregator submits it."""
    witness = case.certificate.non_signer_witnesses[0]
    g2 = case.table.operators[witness.operator_index].pubkey_g2
    info = replace(witness.operator_info, pubkey=G1Point(g2.x_imaginary, g2.x_real))
    return with_first(case, operator_info=info)


def proofs_swapped(case: Case) -> Certificate:
    first, second, *others = case.certificate.non_signer_witnesses
    return with_witnesses(
        case.certificate,
        [
            replace(first, operator_info_proof=second.operator_info_proof),
            replace(second, operator_info_proof=first.operator_info_proof),
            *others,
        ],
    )


def infos_swapped(case: Case) -> Certificate:
    first, second, *others = case.certificate.non_signer_witnesses
    return with_witnesses(
        case.certificate,
        [
            replace(first, operator_info=second.operator_info),
            replace(second, operator_info=first.operator_info),
            *others,
        ],
    )


def proof_shorter(case: Case) -> Certificate:
    return with_first(case, operator_info_proof=first_proof(case)[WORD_BYTES:])


def proof_longer(case: Case) -> Certificate:
    return with_first(
        case,
        operator_info_proof=first_proof(case) + bytes(WORD_BYTES),
    )


def proof_of_broken_words(case: Case) -> Certificate:
    return with_first(case, operator_info_proof=first_proof(case)[1:])


def other_timestamp(case: Case) -> Certificate:
    return replace(case.certificate, reference_timestamp=ReferenceTimestamp(TIMESTAMP + 1))


def other_message(case: Case) -> Certificate:
    return replace(case.certificate, message_hash=_other(case.message_hash))


def signature_negated(case: Case) -> Certificate:
    return replace(case.certificate, signature=-case.certificate.signature)


def signature_with_a_point_added(case: Case) -> Certificate:
    return replace(case.certificate, signature=BACKEND.g1_sum([case.certificate.signature, G1_GENERATOR]))


def signature_off_the_curve(case: Case) -> Certificate:
    signature = case.certificate.signature
    return replace(case.certificate, signature=G1Point(signature.x, (signature.y + 1) % FIELD_MODULUS))


def signature_not_reduced(case: Case) -> Certificate:
    signature = case.certificate.signature
    return replace(case.certificate, signature=G1Point(signature.x + FIELD_MODULUS, signature.y))


def no_signature(case: Case) -> Certificate:
    return replace(case.certificate, signature=G1Point(0, 0))


def no_key(case: Case) -> Certificate:
    return replace(case.certificate, apk=G2Point(0, 0, 0, 0))


def key_negated(case: Case) -> Certificate:
    return replace(case.certificate, apk=-case.certificate.apk)


def key_in_the_other_order(case: Case) -> Certificate:
    x_imaginary, x_real, y_imaginary, y_real = case.certificate.apk.words
    return replace(case.certificate, apk=G2Point(x_real, x_imaginary, y_real, y_imaginary))


def somebody_signed_something_else(case: Case) -> Certificate:
    """One signature of the sum is over another message."""
    who = case.signers[0]
    right, wrong = (
        signatures(case.table, message, (who,))[address(who)]
        for message in (case.message_hash, _other(case.message_hash))
    )
    return replace(case.certificate, signature=BACKEND.g1_sum([case.certificate.signature, -right, wrong]))


def _other(message_hash: MessageHash) -> MessageHash:
    return MessageHash(bytes(byte ^ 1 for byte in message_hash))


FAILED, ORDER, INDEX = "VerificationFailed", "NonSignerIndicesNotSorted", "InvalidOperatorIndex"
SPOILT: dict[Spoil, tuple[str, int]] = {
    witness_missing: (FAILED, 1),
    witness_of_a_signer: (FAILED, 0),
    witness_twice: (ORDER, 1),
    wrong_order: (ORDER, 2),
    index_past_the_end: (INDEX, 1),
    index_of_a_signer: (FAILED, 1),
    more_weight: (FAILED, 1),
    one_column_less: (FAILED, 1),
    one_column_more: (FAILED, 1),
    key_of_a_signer: (FAILED, 1),
    key_from_the_bytes_of_g2: (FAILED, 1),
    proofs_swapped: (FAILED, 2),
    infos_swapped: (FAILED, 2),
    proof_shorter: (FAILED, 1),
    proof_longer: (FAILED, 1),
    proof_of_broken_words: ("InvalidProofLength", 1),
    other_timestamp: ("ReferenceTimestampDoesNotExist", 0),
    other_message: (FAILED, 0),
    signature_negated: (FAILED, 0),
    signature_with_a_point_added: (FAILED, 0),
    signature_off_the_curve: ("InvalidPoint", 0),
    signature_not_reduced: ("InvalidPoint", 0),
    no_signature: (FAILED, 0),
    no_key: (FAILED, 0),
    key_negated: (FAILED, 0),
    key_in_the_other_order: (FAILED, 0),
    somebody_signed_something_else: (FAILED, 0),
}
"""The reason for which it is refused, and how many non-signers it takes."""
