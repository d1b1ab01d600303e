"""Operator sets and registrations, as DevKit asks for them. Pure."""

from typing import Any

from eth_abi.abi import encode

from hourglass.cli.devkit.context import Context, ProjectSettings


def operator_sets(project: ProjectSettings) -> dict[str, Any]:
    """What `getOperatorSets` prints: DevKit creates these, with these curves."""
    return {
        "operator_sets": [
            {
                "operator_set_id": one.id,
                "curve_type": one.curve_type,
                "strategies": [{"strategy": strategy} for strategy in one.strategies],
            }
            for one in project.operatorSets
        ]
    }


def operator_registrations(context: Context, project: ProjectSettings) -> dict[str, Any]:
    """What `getOperatorRegistrationMetadata` prints: who joins which set, with its socket, ABI-encoded, without 0x.

    Raises ConfigError(INVALID_CONFIG) for an operator that the context does not have.
    """
    return {
        "operator_registrations": [
            {
                "address": context.operator(one.address).address,
                "operator_set_id": role.operatorSetId,
                "payload": encode(["string"], [one.socket]).hex(),
            }
            for role in (project.aggregator, project.executor)
            for one in role.operators
        ]
    }
