"""The state machine's events in their raw form, as a real chain's logs hold them: the reverse of `decoding`. Pure."""

from dataclasses import fields

from hourglass.chain.codec import Contract, load_contract
from hourglass.chain.port import ChainLog, LoggedEvent
from hourglass.workflow.events import PhaseFailed, PhaseStarted, WorkflowEvent
from hourglass.workflow.identifiers import Address


def raw_log(state_machine: Address, logged: LoggedEvent) -> ChainLog:
    """What eth_getLogs answers for this event ."""
    topics, data = raw_event(load_contract("WorkflowStateMachine"), logged.event)
    return ChainLog(logged.block, state_machine, topics, data)


def raw_event(machine: Contract, event: WorkflowEvent) -> tuple[tuple[bytes, ...], bytes]:
    """Topics and data. Fields are named as the contract names them, but for those that are put together here."""
    name = type(event).__name__
    values = {_camel_case(field.name): getattr(event, field.name) for field in fields(event)}
    match event:
        case PhaseStarted(operator_set=operator_set, waiting=waiting):
            values |= {"avs": operator_set.avs, "operatorSetId": operator_set.number}
            name = "ConditionalTriggerSet" if waiting else name
        case PhaseFailed(error=error):
            values["errorSelector"] = machine.error_selector(error)
        case _:
            pass
    return machine.log(name, values)


def _camel_case(name: str) -> str:
    first, *others = name.split("_")
    return first + "".join(map(str.capitalize, others))
