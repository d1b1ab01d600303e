"""The first draft's enums, phases, conditions and metadata: what it encoded then is what is encoded now."""

from typing import Any

import pytest
from eth_abi.abi import encode
from vectors import load, raw

from hourglass.certificate.digests import PHASE_DEFINITION_ABI, phase_definition_tuple
from hourglass.workflow.abi import encode as encode_value
from hourglass.workflow.definition import PhaseDefinition
from hourglass.workflow.identifiers import BasisPoints, PhaseIndex
from hourglass.workflow.phases import PhaseType
from hourglass.workflow.series import ContinuousPlan, decode_continuous, encode_continuous
from hourglass.workflow.trigger_conditions import TriggerConditionType
from hourglass.workflow.trigger_encoding import decode as decode_condition
from hourglass.workflow.trigger_encoding import encode as encode_condition
from hourglass.workflow.triggers import price_above

VECTORS = load("seed_workflow_encodings")
PHASES: list[dict[str, Any]] = VECTORS["phases"]


def phase(case: dict[str, Any]) -> PhaseDefinition:
    return PhaseDefinition(
        case["name"],
        PhaseType(case["phase_type"]),
        case["timeout"],
        tuple(PhaseIndex(one) for one in case["dependencies"]),
        raw(case["trigger_condition"]),
        case["operator_set_id"],
        raw(case["metadata"]),
        case["required_stake"],
        BasisPoints(case["consensus_threshold"]),
    )


def test_types_keep_their_numbers_and_new_ones_come_after() -> None:
    assert {one.name: int(one) for one in PhaseType} == VECTORS["phase_type_enum"]
    known = {one.name: int(one) for one in TriggerConditionType}
    assert known | VECTORS["trigger_enum"] == known
    added = [number for name, number in known.items() if name not in VECTORS["trigger_enum"]]
    assert min(added) > max(VECTORS["trigger_enum"].values())


@pytest.mark.parametrize("case", PHASES, ids=lambda case: case["name"])
def test_a_phase_is_encoded_as_then(case: dict[str, Any]) -> None:
    assert VECTORS["phase_definition_abi"] == PHASE_DEFINITION_ABI
    assert encode([PHASE_DEFINITION_ABI], [phase_definition_tuple(phase(case))]) == raw(case["encoded"])


def test_all_phases_together_are_what_is_registered() -> None:
    definitions = [phase_definition_tuple(phase(case)) for case in PHASES]
    assert encode([PHASE_DEFINITION_ABI + "[]"], [definitions]) == raw(VECTORS["phases_encoded"])


def test_the_plan_of_a_continuous_phase() -> None:
    case = VECTORS["continuous_metadata"]
    plan = decode_continuous(raw(case["encoded"]))
    assert (plan.interval_s, plan.updates) == (case["updateInterval"], case["requiredUpdates"])
    assert isinstance(plan, ContinuousPlan)
    assert encode_continuous(plan.interval_s, plan.updates, plan.reducer) == raw(case["encoded"])
    assert raw(PHASES[0]["metadata"]) == raw(case["encoded"])


def test_the_price_condition() -> None:
    case = VECTORS["price_trigger"]
    assert case["isGreater"] is True
    assert encode_condition(price_above(case["threshold"])) == raw(case["encoded"])
    assert decode_condition(raw(case["encoded"]), ()) == price_above(case["threshold"])
    assert raw(PHASES[2]["trigger_condition"]) == raw(case["encoded"])


def test_the_metadata_of_a_coordination_phase_is_any_bytes() -> None:
    encoded = raw(VECTORS["coordination_metadata"])
    assert encode_value(["string"], ["price_update"]) == encoded
    assert phase(PHASES[1]).metadata == encoded
