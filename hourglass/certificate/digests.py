"""Every typehash, and every digest that is ever signed, each built from one declared type.

Whatever a digest leaves out can be replayed: EigenLayer's BN254 digest binds neither
chain nor operator set, so the message hash inside it must. Every field here is one 32-byte word or a hash, as
`abi.encode` of static types gives.
"""

from collections.abc import Iterable, Sequence

from eth_abi.abi import encode as abi_encode
from eth_hash.auto import keccak

from hourglass.certificate.ecdsa_signer import HashedDigest
from hourglass.certificate.observations import SignedObservation
from hourglass.certificate.slots import Kind, ObservationSlot, Slot
from hourglass.workflow.definition import PhaseDefinition, PhaseOptions, WorkflowDefinition
from hourglass.workflow.identifiers import (
    ADDRESS_BYTES,
    WORD_BYTES,
    Address,
    ChainId,
    Digest,
    ExecutionId,
    InputsHash,
    MessageHash,
    OperatorSetId,
    PhaseIndex,
    ReferenceTimestamp,
    Round,
    Tick,
    WorkflowId,
)

BN254_CERTIFICATE = keccak(b"BN254Certificate(uint32 referenceTimestamp,bytes32 messageHash)")
ECDSA_CERTIFICATE = keccak(b"ECDSACertificate(uint32 referenceTimestamp,bytes32 messageHash)")
ECDSA_DOMAIN = keccak(b"EIP712Domain(string name,string version,address verifyingContract)")
PHASE_RESULT = keccak(
    b"PhaseResult(uint256 chainId,address stateMachine,bytes32 operatorSetKey,bytes32 executionId,"
    b"uint32 phaseIndex,uint32 attempt,uint32 tick,uint32 round,bytes32 inputsHash,bytes32 resultHash)"
)
PHASE_INPUTS = keccak(b"PhaseInputs(bytes32 payloadHash,uint32[] dependencies,bytes32[] resultHashes)")
PHASE_TRIGGER = keccak(b"PhaseTrigger(bytes32 inputsHash,bytes32 dataHash)")
DOMAIN = keccak(b"EIP712Domain(string name,string version,uint256 chainId,address verifyingContract)")
OBSERVATION = keccak(
    b"Observation(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,"
    b"bytes32 inputsHash,bytes32 valueHash)"
)
PROPOSAL = keccak(
    b"Proposal(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 tick,"
    b"uint32 round,bytes32 inputsHash,bytes32 observationsHash)"
)
SERIES_PROPOSAL = keccak(
    b"SeriesProposal(bytes32 operatorSetKey,bytes32 executionId,uint32 phaseIndex,uint32 attempt,uint32 round,"
    b"bytes32 inputsHash,uint32 ticks,bytes32 certifiedHash)"
)
TRIGGER_APPROVAL = keccak(b"TriggerApproval(bytes32 executionId,uint32 phaseIndex,uint32 attempt)")
BN254_KEY_REGISTRATION = keccak(
    b"BN254KeyRegistration(address operator,address avs,uint32 operatorSetId,bytes keyData)"
)
ECDSA_KEY_REGISTRATION = keccak(
    b"ECDSAKeyRegistration(address operator,address avs,uint32 operatorSetId,address keyAddress)"
)
DOMAIN_NAME = b"Hourglass Workflow"
DOMAIN_VERSION = b"1"
EIGENLAYER_DOMAIN_NAME = b"EigenLayer"
EIGENLAYER_DOMAIN_VERSION = b"1"
PHASE_DEFINITION_ABI = "(string,uint8,uint32,uint32[],bytes,uint32,bytes,uint256,uint16)"
PHASE_OPTIONS_ABI = "(address,uint8,uint8,uint32,uint8,bool)"
NO_RESULT = bytes(WORD_BYTES)
"""Stands for the result of a dependency that ended without one, where others have their result's hash."""

Word = int | bytes


def _words(*words: Word) -> bytes:
    """`abi.encode` of static values: integers and addresses on the right of their word."""
    return b"".join(
        word.to_bytes(WORD_BYTES, "big") if isinstance(word, int) else bytes(word).rjust(WORD_BYTES, b"\0")
        for word in words
    )


def _hash(*words: Word) -> bytes:
    return bytes(keccak(_words(*words)))


# ── What BLS keys sign ────────────────────────────────────────────────────────────────────────────────


def inputs_hash(
    payload: bytes, results: Iterable[tuple[PhaseIndex, bytes | None]], trigger_data: bytes | None = None
) -> InputsHash:
    """What a phase is computed from, as the contract fixes it when the phase starts; results in the order of
    the definition's dependencies, None of one that ended without; then what its trigger brought, if it had one."""
    pairs = tuple(results)
    inputs = InputsHash(
        _hash(
            PHASE_INPUTS,
            keccak(payload),
            _hash(*(index for index, _ in pairs)),
            _hash(*(NO_RESULT if result is None else keccak(result) for _, result in pairs)),
        )
    )
    return inputs if trigger_data is None else triggered_inputs_hash(inputs, trigger_data)


def triggered_inputs_hash(inputs: InputsHash, trigger_data: bytes) -> InputsHash:
    """The inputs of a phase that a source has triggered with this data."""
    return InputsHash(_hash(PHASE_TRIGGER, inputs, keccak(trigger_data)))


def phase_message_hash(
    slot: Slot, operator_set: OperatorSetId, inputs: InputsHash, result: bytes
) -> MessageHash:
    """`WorkflowStateMachine.getMessageHash`: binds everything that a signature could be replayed into."""
    return MessageHash(
        _hash(
            PHASE_RESULT,
            slot.chain_id,
            slot.state_machine,
            operator_set.key,
            slot.execution_id,
            slot.phase_index,
            slot.attempt,
            slot.tick,
            slot.round,
            inputs,
            keccak(result),
        )
    )


def task_message_hash(task_hash: bytes, result: bytes) -> MessageHash:
    """`TaskMailbox.getMessageHash` since EigenLayer v1.8.1: keccak256(abi.encode(taskHash, result))."""
    return MessageHash(keccak(abi_encode(["bytes32", "bytes"], [task_hash, result])))


def certificate_digest(reference_timestamp: ReferenceTimestamp, message_hash: MessageHash) -> Digest:
    """`BN254CertificateVerifier.calculateCertificateDigest`: what every operator's BLS key signs."""
    return Digest(_hash(BN254_CERTIFICATE, reference_timestamp, message_hash))


def message_hash(slot: Slot, operator_set: OperatorSetId, inputs: InputsHash, result: bytes) -> MessageHash:
    """What a result's certificate is about: of a phase all that it was computed from, of a task its hash, which
    binds chain, mailbox and payload."""
    match slot.kind:
        case Kind.PHASE:
            return phase_message_hash(slot, operator_set, inputs, result)
        case Kind.TASK:
            return task_message_hash(slot.execution_id, result)


def ecdsa_domain_separator(verifier: Address, version: bytes = EIGENLAYER_DOMAIN_VERSION) -> bytes:
    """`ECDSACertificateVerifier.domainSeparator`: WARNING, it binds no chain, so the message hash has to."""
    return _hash(ECDSA_DOMAIN, keccak(EIGENLAYER_DOMAIN_NAME), keccak(version), verifier)


def ecdsa_certificate_digest(
    domain_separator: bytes, reference_timestamp: ReferenceTimestamp, message_hash: MessageHash
) -> Digest:
    """`ECDSACertificateVerifier.calculateCertificateDigest`: what members of an ECDSA operator set sign."""
    return _typed(domain_separator, _hash(ECDSA_CERTIFICATE, reference_timestamp, message_hash))


def key_registration_digest(
    registrar: Address, chain_id: ChainId, operator: Address, operator_set: OperatorSetId, key_data: bytes
) -> Digest:
    """`KeyRegistrar`'s EIP-712 digest, over which a BLS key proves that its owner has it."""
    domain = _domain(EIGENLAYER_DOMAIN_NAME, EIGENLAYER_DOMAIN_VERSION, chain_id, registrar)
    struct = _hash(BN254_KEY_REGISTRATION, operator, operator_set.avs, operator_set.number, keccak(key_data))
    return _typed(domain, struct)


def ecdsa_key_registration_digest(
    registrar: Address, chain_id: ChainId, operator: Address, operator_set: OperatorSetId, key: Address
) -> Digest:
    """`KeyRegistrar`'s EIP-712 digest, over which a secp256k1 key proves that its owner has it."""
    domain = _domain(EIGENLAYER_DOMAIN_NAME, EIGENLAYER_DOMAIN_VERSION, chain_id, registrar)
    return _typed(domain, _hash(ECDSA_KEY_REGISTRATION, operator, operator_set.avs, operator_set.number, key))


# ── What secp256k1 keys sign (EIP-712) ────────────────────────────────────────────────────────────────


def observation_digest(
    slot: ObservationSlot, operator_set: OperatorSetId, inputs: InputsHash, value: bytes
) -> Digest:
    """What an operator's own key signs over its observation."""
    struct = _hash(
        OBSERVATION,
        operator_set.key,
        slot.execution_id,
        slot.phase_index,
        slot.attempt,
        slot.tick,
        inputs,
        keccak(value),
    )
    return _typed(_workflow_domain(slot), struct)


def proposal_digest(
    slot: Slot,
    operator_set: OperatorSetId,
    inputs: InputsHash,
    observations: Sequence[SignedObservation],
) -> Digest:
    """What a proposing aggregator's key signs: this set of observations, in this round."""
    struct = _hash(
        PROPOSAL,
        operator_set.key,
        slot.execution_id,
        slot.phase_index,
        slot.attempt,
        slot.tick,
        slot.round,
        inputs,
        _hash(*(_hash(observation.operator, keccak(observation.value)) for observation in observations)),
    )
    return _typed(_workflow_domain(slot), struct)


def series_proposal_digest(
    slot: Slot,
    operator_set: OperatorSetId,
    inputs: InputsHash,
    ticks: int,
    certified: Sequence[tuple[Tick, Round, bytes]],
) -> Digest:
    """What a proposing aggregator's key signs: a series of so many ticks, these (tick, round, value) certified."""
    struct = _hash(
        SERIES_PROPOSAL,
        operator_set.key,
        slot.execution_id,
        slot.phase_index,
        slot.attempt,
        slot.round,
        inputs,
        ticks,
        _hash(*(_hash(tick, round, keccak(value)) for tick, round, value in certified)),
    )
    return _typed(_workflow_domain(slot), struct)


def approval_digest(slot: ObservationSlot | Slot) -> Digest:
    """`WorkflowStateMachine.getApprovalDigest`: what the signers of a MULTI_SIG condition sign for this attempt."""
    struct = _hash(TRIGGER_APPROVAL, slot.execution_id, slot.phase_index, slot.attempt)
    return _typed(_workflow_domain(slot), struct)


def _workflow_domain(slot: ObservationSlot | Slot) -> bytes:
    return _domain(DOMAIN_NAME, DOMAIN_VERSION, slot.chain_id, slot.state_machine)


def _domain(name: bytes, version: bytes, chain_id: ChainId, contract: Address) -> bytes:
    return _hash(DOMAIN, keccak(name), keccak(version), chain_id, contract)


def _typed(domain: bytes, struct: bytes) -> Digest:
    return Digest(HashedDigest(b"\x19\x01" + domain + struct))


# ── Names ─────────────────────────────────────────────────────────────────────────────────────────────


def workflow_id(
    chain_id: ChainId, state_machine: Address, creator: Address, name: str, version: int
) -> WorkflowId:
    """`WorkflowStateMachine.computeWorkflowId`."""
    return WorkflowId(_hash(chain_id, state_machine, creator, keccak(name.encode("utf-8")), version))


def execution_id(
    chain_id: ChainId,
    state_machine: Address,
    workflow: WorkflowId,
    number: int,
    initiator: Address,
    payload: bytes,
) -> ExecutionId:
    """The id of the contract's n-th execution, counting from 1 (`PhaseDigests.executionId`).

    Initiator and payload are in it, so that another execution which takes this one's number after a reorg is
    another one to every operator that has signed for this one.
    """
    return ExecutionId(_hash(chain_id, state_machine, workflow, number, initiator, keccak(payload)))


def phase_definition_tuple(phase: PhaseDefinition) -> tuple[object, ...]:
    """The contract's `PhaseDefinition`, as an ABI tuple: the options stand apart."""
    return (
        phase.name,
        int(phase.phase_type),
        phase.timeout_s,
        phase.dependencies,
        phase.trigger_condition,
        phase.operator_set_id,
        phase.metadata,
        phase.required_stake,
        phase.consensus_threshold,
    )


def phase_options_tuple(options: PhaseOptions) -> tuple[object, ...]:
    """The contract's `PhaseOptions`, as an ABI tuple."""
    return (
        bytes(options.avs or Address(bytes(ADDRESS_BYTES))),
        options.max_attempts,
        int(options.on_failure),
        options.fallback_phase,
        int(options.trigger_mode),
        options.skip_if_unmet,
    )


def definition_hash(definition: WorkflowDefinition) -> bytes:
    """What operators compare their own code with: keccak256(abi.encode(name, phases)) of a plain definition, else
    keccak256(abi.encode(name, phases, options, executionTimeout))."""
    types = ["string", PHASE_DEFINITION_ABI + "[]"]
    values: list[object] = [definition.name, [phase_definition_tuple(phase) for phase in definition.phases]]
    if not definition.is_plain:
        types += [PHASE_OPTIONS_ABI + "[]", "uint32"]
        values += [
            [phase_options_tuple(phase.options) for phase in definition.phases],
            definition.execution_timeout_s,
        ]
    return bytes(keccak(abi_encode(types, values)))
