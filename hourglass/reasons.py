"""The one closed list of reasons: why anything was refused, missed, or failed.

Every refusal, miss and failure in every node carries exactly one of these. Log fields, messages, the status API,
`hourglass status` and `docs/reasons.md` all take theirs from this file, so a reason that is not here cannot be
reported, and one that is here is documented.

A reason says *whose fault* it is, because that is the operator's first question.
"""

from enum import Enum


class Fault(Enum):
    """Who has to act when a reason appears."""

    AUTHOR = "the workflow's author"
    OPERATOR = "this operator"
    AGGREGATOR = "the aggregator"
    PEER = "whoever sent it"
    USER = "whoever ran the command"
    WORLD = "the bus, the chain or the network"
    NOBODY = "nobody"


class Reason(Enum):
    """One cause. `code` is its stable name in metrics, logs and messages."""

    code: str
    fault: Fault
    summary: str
    cause: str
    advice: str

    def __new__(cls, code: str, fault: Fault, summary: str, cause: str, advice: str) -> "Reason":
        """One row of the table below."""
        reason = object.__new__(cls)
        reason._value_ = code
        reason.code = code
        reason.fault = fault
        reason.summary = summary
        reason.cause = cause
        reason.advice = advice
        return reason

    def __str__(self) -> str:
        return self.code

    # fmt: off
    # ── Messages that cannot be read ──────────────────────────────────────────────────────────────
    OVERSIZED = (
        "oversized", Fault.PEER,
        "The message is larger than the protocol allows.",
        "Its bytes, or one of its fields, exceed the limits in docs/protocol.md.",
        "Ask the sender to upgrade, or look for a flood from its subject.",
    )
    MALFORMED = (
        "malformed", Fault.PEER,
        "The message cannot be decoded.",
        "It is not msgpack, or a field is missing or of the wrong type.",
        "Ask the sender which version it runs; if it is current, report it as hostile.",
    )
    UNSUPPORTED_VERSION = (
        "unsupported_version", Fault.PEER,
        "The message speaks a newer protocol version.",
        "The sender runs a later release whose messages this node cannot read.",
        "Upgrade this node.",
    )
    UNKNOWN_MESSAGE = (
        "unknown_message", Fault.PEER,
        "The message is of a kind this node does not know.",
        "A newer release added it, or the sender is not a Hourglass node.",
        "Upgrade this node if the sender is newer.",
    )
    SUBJECT_MISMATCH = (
        "subject_mismatch", Fault.PEER,
        "The message's content contradicts the subject it arrived on.",
        "A message for one operator, phase or execution was published on the subject of another.",
        "Check the bus permissions: each operator may publish only on its own subjects.",
    )

    # ── Requests that an agent does not follow ────────────────────────────────────────────────────
    WRONG_CHAIN = (
        "wrong_chain", Fault.PEER,
        "The request is for another chain.",
        "Its chain id differs from the one this node is configured for.",
        "Check that agents and aggregators of different networks do not share a bus account.",
    )
    WRONG_CONTRACT = (
        "wrong_contract", Fault.PEER,
        "The request is for another contract.",
        "Its state machine, or its task mailbox, is not the one this node is configured for.",
        "Check `chain.state_machine`, and `chain.task_mailbox`, in the configuration of both nodes.",
    )
    WRONG_OPERATOR_SET = (
        "wrong_operator_set", Fault.PEER,
        "The message names an operator set that is not the phase's.",
        "The contract assigned this phase to another operator set.",
        "Nothing to do if it is rare; otherwise find who publishes it.",
    )
    WRONG_ATTEMPT = (
        "wrong_attempt", Fault.PEER,
        "The message belongs to another attempt or tick of the phase.",
        "It is a replay, or was delayed past the start of a new attempt.",
        "Nothing to do.",
    )
    UNKNOWN_WORKFLOW = (
        "unknown_workflow", Fault.OPERATOR,
        "This agent has no handlers for the workflow.",
        "No workflow in the agent's configuration compiles to the definition registered on-chain.",
        "Add the workflow to `workflows` in the agent's configuration, in the registered version.",
    )
    UNKNOWN_EXECUTION = (
        "unknown_execution", Fault.PEER,
        "The chain does not know the execution or phase.",
        "It was never started, a reorg removed it, or this node's chain endpoint lags.",
        "Check the endpoint's head against a block explorer; otherwise ignore the sender.",
    )
    PHASE_NOT_OPEN = (
        "phase_not_open", Fault.NOBODY,
        "The phase is not active on-chain.",
        "It has completed or ended without a result, or waits for its dependencies or its trigger.",
        "Nothing to do: the contract has moved on.",
    )
    DEADLINE_PASSED = (
        "deadline_passed", Fault.NOBODY,
        "The phase's deadline has passed.",
        "The chain's clock is beyond the deadline that was fixed when the phase started.",
        "If it happens often, raise the phase's timeout in the workflow definition.",
    )
    INPUTS_MISMATCH = (
        "inputs_mismatch", Fault.AGGREGATOR,
        "The request's inputs are not those the contract fixed.",
        "The payload, a dependency's result or a trigger's data hashes to another value than the phase's inputsHash.",
        "Suspect the aggregator that sent it; agents are right to refuse.",
    )
    WRONG_REFERENCE_TIMESTAMP = (
        "wrong_reference_timestamp", Fault.AGGREGATOR,
        "The message pins another operator table than the contract did.",
        "Its reference timestamp differs from the one stored when the phase started.",
        "Suspect the aggregator that sent it.",
    )
    NOT_A_MEMBER = (
        "not_a_member", Fault.PEER,
        "The operator is not in the operator set's table at the reference timestamp.",
        "It registered later, left, or has no stake or key in that table.",
        "Check the operator's registration and allocation; a new table takes effect with later phases.",
    )
    TABLE_UNAVAILABLE = (
        "table_unavailable", Fault.WORLD,
        "The operator table could not be read.",
        "The chain has no table for this set and timestamp, or the endpoint did not answer.",
        "Check the chain endpoint and that the set's stake table has been published.",
    )
    TABLE_DISABLED = (
        "table_disabled", Fault.WORLD,
        "The operator table's root has been disabled.",
        "EigenLayer has withdrawn the transported stake that the work has pinned; no certificate by it is taken.",
        "Wait for the next table to be transported; the phase's next attempt, or a new task, will pin that one.",
    )
    TABLE_MISMATCH = (
        "table_mismatch", Fault.WORLD,
        "The operator table read does not hash to the root the verifier holds.",
        "The endpoint answered from another block or is lying, or the table changed shape.",
        "Use another chain endpoint; never sign against such a table.",
    )
    TABLE_STALE = (
        "table_stale", Fault.WORLD,
        "The operator table is too old for the phase to finish.",
        "The reference timestamp plus the set's maximum staleness lies before the deadline.",
        "Publish a fresh stake table for the operator set.",
    )

    # ── Proposals ─────────────────────────────────────────────────────────────────────────────────
    WRONG_ROUND = (
        "wrong_round", Fault.PEER,
        "The proposal is for a round this agent is not in.",
        "It arrived after its round's patience ran out, or too early.",
        "Nothing to do: the next round's proposer takes over.",
    )
    WRONG_PROPOSER = (
        "wrong_proposer", Fault.AGGREGATOR,
        "The proposal is not from the aggregator whose turn it is.",
        "Its signature recovers to another address than the round's proposer.",
        "Compare the aggregator list on-chain with the aggregators' keys.",
    )
    SECOND_PROPOSAL = (
        "second_proposal", Fault.AGGREGATOR,
        "The proposer sent two different proposals for one round.",
        "It is faulty or hostile; only its first proposal counts.",
        "Keep the two messages: together they prove it.",
    )
    NOT_ENOUGH_OBSERVATIONS = (
        "not_enough_observations", Fault.AGGREGATOR,
        "The proposal's observations do not carry a quorum of stake.",
        "The proposer left observations out, or proposed too early.",
        "Nothing to do: the round will be lost and the next begins.",
    )
    DUPLICATE_OBSERVATION = (
        "duplicate_observation", Fault.AGGREGATOR,
        "The proposal counts one operator's observation twice.",
        "The proposer tried to give an operator more weight than its stake.",
        "Suspect the aggregator that sent it.",
    )
    FORGED_OBSERVATION = (
        "forged_observation", Fault.PEER,
        "An observation's signature is not its operator's.",
        "It was invented or altered on the way, or signed by another key than the registered one.",
        "If your own observations are refused so, compare the operator key with the registered address.",
    )
    REDUCER_FAILED = (
        "reducer_failed", Fault.AUTHOR,
        "The reducer cannot reduce these observations.",
        "It raised: values out of range, of the wrong type, or with no agreement among them.",
        "Test the reducer on the recorded observations.",
    )
    REDUCER_UNKNOWN = (
        "reducer_unknown", Fault.AUTHOR,
        "The agent does not have the phase's reducer.",
        "Agents reduce for gRPC performers, and the definition names a custom rule or one that needs the values' type.",
        "Name a reducer of docs/developers/performers.md in the definition, or give the agent the Python workflow.",
    )

    # ── Ticks and series ──────────────────────────────────────────────────────────────────────────
    WRONG_TICK = (
        "wrong_tick", Fault.PEER,
        "The phase has no such tick.",
        "The message names a tick beyond the phase's schedule, or the phase has no ticks.",
        "Ask the sender to upgrade; if it is current, suspect it.",
    )
    TICK_NOT_DUE = (
        "tick_not_due", Fault.PEER,
        "The tick is not due yet by the chain's clock.",
        "The aggregator's chain endpoint is ahead of this agent's.",
        "Nothing to do: it asks again. If it persists, compare this agent's chain endpoint with another.",
    )
    TICK_MISSED = (
        "tick_missed", Fault.WORLD,
        "The tick's time is over without a quorum.",
        "Too few operators answered before the next tick was due: the series records it as missed.",
        "See who did not answer and why; lengthen the interval if handlers take too long.",
    )
    TICK_NOT_CERTIFIED = (
        "tick_not_certified", Fault.AGGREGATOR,
        "A tick is claimed to be certified and is not.",
        "Its signers hold too little stake, or their summed signature does not verify.",
        "Suspect the aggregator that sent it.",
    )
    TICK_LEFT_OUT = (
        "tick_left_out", Fault.AGGREGATOR,
        "A proposed series calls a tick missed that has its quorum.",
        "The proposer did not know of it, or wants it forgotten.",
        "Nothing to do: the round will be lost and the next proposer takes over.",
    )
    SERIES_NOT_OVER = (
        "series_not_over", Fault.AGGREGATOR,
        "A series was proposed that is not over yet.",
        "Ticks are still to come, or one may still be certified, and no quorum wished to stop.",
        "Nothing to do: it is proposed again. If it persists, compare the chain endpoints.",
    )
    WRONG_SERIES = (
        "wrong_series", Fault.AGGREGATOR,
        "A proposed series is not what its ticks make.",
        "Its ticks are out of order, hold no value, or it ends too early or too late.",
        "Suspect the aggregator that sent it.",
    )
    CONDITION_UNMET = (
        "condition_unmet", Fault.NOBODY,
        "The phase's condition does not hold.",
        "This operator watches it, and does not sign before it holds.",
        "Nothing to do: it is looked at again until the deadline.",
    )

    # ── Signing ───────────────────────────────────────────────────────────────────────────────────
    WOULD_EQUIVOCATE = (
        "would_equivocate", Fault.OPERATOR,
        "The signer refused: it has already signed another digest for this slot.",
        "The handler gave another result than before the restart, or someone asks for two.",
        "Make the handler deterministic. Never delete the journal: it protects your stake.",
    )
    KEY_MISSING = (
        "key_missing", Fault.OPERATOR,
        "This operator has no BLS key for the phase's operator set.",
        "The agent's configuration names the set without a key, or another set's key only.",
        "Give the set its own `bls_key` in the agent's configuration.",
    )
    JOURNAL_UNAVAILABLE = (
        "journal_unavailable", Fault.OPERATOR,
        "The signer's journal cannot be read or written.",
        "The disk is full or failing, the file is locked by another agent, or was damaged.",
        "Free the disk or stop the second agent; never start from an empty journal with the same key.",
    )
    SIGNER_UNREACHABLE = (
        "signer_unreachable", Fault.OPERATOR,
        "The remote signer does not answer.",
        "It is down, its address or certificate authority is wrong, or the time limit is too short.",
        "Start it or correct its settings; the next request is asked anew, and nothing was signed meanwhile.",
    )
    SIGNER_REFUSED = (
        "signer_refused", Fault.OPERATOR,
        "The remote signer refuses to sign.",
        "It has no such key, the key is locked, or the API key or password is wrong.",
        "Check with the signer that it holds this key, and that the credentials given here are for this key.",
    )
    SIGNER_FALSE = (
        "signer_false", Fault.OPERATOR,
        "What the remote signer answered is no signature of this key, and was thrown away.",
        "The configured public key or address is another key's, the signer is damaged, or is someone else's.",
        "Compare the key in the settings with the one that the signer holds.",
    )

    # ── Handlers ──────────────────────────────────────────────────────────────────────────────────
    HANDLER_FAILED = (
        "handler_failed", Fault.AUTHOR,
        "The handler raised an exception.",
        "A bug in the workflow's code, or a source it reads was unavailable.",
        "See the agent's log for the traceback.",
    )
    HANDLER_TIMED_OUT = (
        "handler_timed_out", Fault.AUTHOR,
        "The handler did not return in time.",
        "It hangs, or its work takes longer than the phase's timeout.",
        "Give the handler its own timeouts, or raise the phase's.",
    )
    HANDLER_WRONG_TYPE = (
        "handler_wrong_type", Fault.AUTHOR,
        "The handler returned a value of another type than it declares.",
        "The returned value cannot be encoded as the declared type, or is out of its range.",
        "Return what the handler's annotation says.",
    )
    RESULT_TOO_LARGE = (
        "result_too_large", Fault.AUTHOR,
        "The value is larger than the protocol takes.",
        "A result, an observation or a tick's value exceeds its limit in docs/reference/phases.md.",
        "Return a hash or a summary and publish the data elsewhere.",
    )
    PERFORMER_CRASHED = (
        "performer_crashed", Fault.OPERATOR,
        "The process that runs the handlers died.",
        "It ran out of memory, was killed, or the code ended the interpreter.",
        "It is restarted for the next request; see the agent's log for its last words.",
    )
    PERFORMER_UNREACHABLE = (
        "performer_unreachable", Fault.OPERATOR,
        "The performer does not answer.",
        "Nothing listens at its address, its health check is not SERVING, or it is being started again.",
        "Check `performer` in the agent's configuration, and the performer's own log.",
    )
    PERFORMER_WRONG_ANSWER = (
        "performer_wrong_answer", Fault.AUTHOR,
        "The performer's answer is none to this question.",
        "Its task id is not the one that was asked for, or its result is not shaped as the phase's type asks.",
        "Answer with the request's own task id, and with the result that docs/developers/performers.md describes.",
    )
    PERFORMER_UNSUITED = (
        "performer_unsuited", Fault.OPERATOR,
        "What answers at the performer's address is no performer for this work.",
        "It does not implement the call, wants credentials, or does not know the version of the phase's payload.",
        "Check the address and the performer's release.",
    )
    TASK_POSES_AS_PHASE = (
        "task_poses_as_phase", Fault.PEER,
        "A plain task's payload begins as a phase's does.",
        "Whoever created the task put the phases' magic prefix there, so that the performer would mistake it.",
        "Nothing to do: it was not given to the performer.",
    )

    # ── Answers an aggregator does not count ──────────────────────────────────────────────────────
    DUPLICATE = (
        "duplicate", Fault.NOBODY,
        "The same answer was already counted.",
        "The bus delivered it twice, or the agent answered a repeated request.",
        "Nothing to do.",
    )
    CONFLICTING = (
        "conflicting", Fault.PEER,
        "The operator answered the same slot twice, differently.",
        "It equivocates, or two agents run with one key and separate journals.",
        "If it is your operator, stop the second agent now: this is slashable.",
    )
    LATE = (
        "late", Fault.PEER,
        "The answer arrived after the phase was decided.",
        "The operator was slower than the quorum.",
        "Compare the agent's latency with the others'.",
    )
    FLOODING = (
        "flooding", Fault.PEER,
        "The operator sent more different answers than are kept.",
        "It is faulty or hostile; its further answers for this slot are dropped.",
        "If it is your operator, look for a loop or a stolen key.",
    )
    OUTVOTED = (
        "outvoted", Fault.PEER,
        "The operator signed another value than the quorum.",
        "Its handler, data source or version differs from the others', or it lies.",
        "Compare its result with the certified one and its workflow version with the registered one.",
    )
    INVALID_POINT = (
        "invalid_point", Fault.PEER,
        "A curve point is invalid.",
        "It is not on the curve, not in the subgroup, out of range, or the identity.",
        "Check the sender's key and library; such a point is never produced by honest code.",
    )
    INVALID_SIGNATURE = (
        "invalid_signature", Fault.PEER,
        "The BLS signature does not verify.",
        "It was made with another key than the registered one, or over another digest.",
        "Compare the agent's BLS key with the one registered on-chain.",
    )
    NO_ANSWER = (
        "no_answer", Fault.OPERATOR,
        "The operator did not answer.",
        "Its agent is down, cut off from the bus, or still working.",
        "Check that the agent runs and that its bus connection is up.",
    )
    QUORUM_NOT_REACHED = (
        "quorum_not_reached", Fault.NOBODY,
        "Too little stake signed one result before the deadline.",
        "Operators were missing, refused or disagreed.",
        "See each operator's own reason beside it.",
    )
    TASK_EXPIRED = (
        "task_expired", Fault.OPERATOR,
        "The task's time was over before enough stake had signed the same result.",
        "Too few operators answered, or they answered differently. The mailbox takes no result any more.",
        "See `operators` in the aggregator's status for who did not sign; the refund collector may reclaim the fee.",
    )
    TASK_TOO_NEW = (
        "task_too_new", Fault.NOBODY,
        "The task takes no result in the block in which it was created.",
        "Operators were faster than the next block.",
        "Nothing to do: the result is sent again.",
    )
    MAILBOX_UNSUITED = (
        "mailbox_unsuited", Fault.OPERATOR,
        "The task mailbox has operators sign something else than this release signs.",
        "It is an EigenLayer mailbox from before v1.8.1, whose message hash leaves the task out, or another contract.",
        "Name a mailbox of v1.8.1 or later as `chain.task_mailbox`; answers to an earlier one can be replayed.",
    )
    TASK_UNKNOWN = (
        "task_unknown", Fault.PEER,
        "There is no such task in the mailbox.",
        "The message names a task that this node's endpoint does not hold: of a reorged block, or invented.",
        "Nothing to do if it is rare; otherwise check that all nodes name the same mailbox and chain.",
    )
    INBOX_FULL = (
        "inbox_full", Fault.WORLD,
        "A node dropped a message because its inbox was full.",
        "Messages arrive faster than they are processed.",
        "It will be asked for again; if it goes on, add capacity or look for a flood.",
    )

    # ── Transactions ──────────────────────────────────────────────────────────────────────────────
    ALREADY_DECIDED = (
        "already_decided", Fault.NOBODY,
        "The contract already has this phase's result.",
        "Another aggregator was first.",
        "Nothing to do.",
    )
    CERTIFICATE_REJECTED = (
        "certificate_rejected", Fault.AGGREGATOR,
        "The contract refuses the certificate.",
        "Its signature, witnesses or reference timestamp do not match what the verifier holds.",
        "Report it with the execution id: this aggregator builds invalid certificates.",
    )
    THRESHOLD_NOT_MET = (
        "threshold_not_met", Fault.AGGREGATOR,
        "The certificate carries less stake than the phase's threshold.",
        "It was submitted before enough operators had signed.",
        "Collect more signatures.",
    )
    CALL_REFUSED = (
        "call_refused", Fault.USER,
        "The contract refuses the call.",
        "One of its rules is not met; the error's name says which.",
        "Correct the call; docs/reference/errors.md says what to do about each error.",
    )
    PAUSED = (
        "paused", Fault.WORLD,
        "The state machine is paused.",
        "One of its pausers stopped registrations, starts, triggers and submissions; deadlines go on.",
        "Wait, and ask whoever administers the contract why.",
    )
    FEE_NOT_MET = (
        "fee_not_met", Fault.USER,
        "The call pays another amount than its fee.",
        "The fee vault's price is another one now, or there is no vault and ether was sent all the same.",
        "Ask for the price anew and pay that.",
    )
    TRIGGER_DATA_INVALID = (
        "trigger_data_invalid", Fault.USER,
        "The trigger's data is not of its condition's shape.",
        "It is too long, or not encoded as the condition's type asks.",
        "Encode it as docs/reference/triggers.md says.",
    )
    NOT_WAITING = (
        "not_waiting", Fault.NOBODY,
        "The phase does not wait for a trigger.",
        "It was triggered already, has ended, or its operators watch the condition themselves.",
        "Nothing to do.",
    )
    EXECUTION_CANCELLED = (
        "execution_cancelled", Fault.USER,
        "The execution was cancelled by its initiator.",
        "It ended on purpose: no further result is taken, and what was paid for the rest is its payer's credit.",
        "Start another one if the work is still wanted.",
    )
    DEADLINE_NOT_PASSED = (
        "deadline_not_passed", Fault.NOBODY,
        "The phase's deadline has not passed yet.",
        "Somebody tried to end the phase too early by the chain's clock.",
        "Try again after the deadline.",
    )
    REQUIRED_STAKE_NOT_MET = (
        "required_stake_not_met", Fault.AUTHOR,
        "The operator set has less stake than the phase requires.",
        "Its newest table's total weight is zero, or below the definition's required stake.",
        "Lower the phase's required stake, or wait for more operators.",
    )
    TRANSACTION_REVERTED = (
        "transaction_reverted", Fault.WORLD,
        "The transaction was mined and reverted.",
        "The chain's state changed between simulation and inclusion.",
        "See the revert reason beside it; `hourglass status` shows what the contract holds now.",
    )
    TRANSACTION_FAILED = (
        "transaction_failed", Fault.WORLD,
        "The transaction could not be sent or was not mined in time.",
        "The endpoint refused it, the fee was too low, or the account lacks funds.",
        "Check the account's balance and the endpoint.",
    )

    # ── The edges ─────────────────────────────────────────────────────────────────────────────────
    CHAIN_UNREACHABLE = (
        "chain_unreachable", Fault.WORLD,
        "The chain endpoint does not answer.",
        "It is down, refuses the connection, or is too slow.",
        "Check `chain.rpc_url` and that the endpoint is up.",
    )
    ENDPOINT_REFUSED = (
        "endpoint_refused", Fault.WORLD,
        "The chain endpoint refuses the request.",
        "It limits rates or ranges, lacks the method, or does not hold the block.",
        "See its message; if it goes on, use another endpoint.",
    )
    CONTRACT_MISSING = (
        "contract_missing", Fault.USER,
        "There is no such contract at the configured address.",
        "The address is wrong, or the chain is another one than intended.",
        "Check `chain.state_machine` and the chain id of the endpoint.",
    )
    BUS_UNREACHABLE = (
        "bus_unreachable", Fault.WORLD,
        "The bus does not answer.",
        "NATS is down, restarting, or the network between is cut.",
        "Check `bus.url` and that the server is up with JetStream enabled.",
    )
    BUS_DENIED = (
        "bus_denied", Fault.OPERATOR,
        "The bus refused the operation.",
        "The credentials lack the permission, or the message exceeds the server's limit.",
        "Check this node's NATS credentials and subject permissions.",
    )

    # ── Definitions, configuration, keys, commands ────────────────────────────────────────────────
    INVALID_DEFINITION = (
        "invalid_definition", Fault.AUTHOR,
        "The workflow definition is impossible.",
        "See the message: it names the phase and the rule.",
        "Correct the definition; docs/developers explains every rule.",
    )
    INVALID_CONFIG = (
        "invalid_config", Fault.USER,
        "The configuration is invalid.",
        "A setting is missing, unknown or out of range.",
        "Correct the named setting.",
    )
    KEY_UNUSABLE = (
        "key_unusable", Fault.USER,
        "A key cannot be used.",
        "The file is missing or damaged, the password is wrong, or the scalar is out of range.",
        "Check the key file and its password with `hourglass keys show`.",
    )
    UNAUTHORIZED = (
        "unauthorized", Fault.USER,
        "The account may not do this.",
        "It lacks the role that is asked for, is no trigger source of the workflow, or did not start the execution.",
        "Ask the contract's admin for the role that is named, or use another account.",
    )
    UNKNOWN_NAME = (
        "unknown_name", Fault.USER,
        "There is nothing of that name.",
        "It was never registered, or under another creator.",
        "Check the spelling.",
    )
    # fmt: on


def reason_by_code(code: str) -> Reason | None:
    """The reason with this code, or None: codes from outside may be newer than this release."""
    try:
        return Reason(code)  # type: ignore[call-arg]
    except ValueError:
        return None
