"""Multi-phase workflows for EigenLayer AVSs, with a BLS quorum of stake behind every phase.

This is what AVS developers import. It pulls in neither the chain client nor the bus client, so a workflow
file loads in milliseconds anywhere.
"""

from hourglass.workflow.arithmetic import mean, stake_weighted_mean, total, trimmed_mean
from hourglass.workflow.authoring import Phase, Workflow
from hourglass.workflow.context import Context, EarlyStop, NoResultError
from hourglass.workflow.lists import concatenation, intersection, union
from hourglass.workflow.merkle import merkle_proof, merkle_root, merkle_root_of
from hourglass.workflow.reducers import (
    Reducer,
    Weighed,
    identical,
    majority,
    maximum,
    median,
    minimum,
    mode,
    reducer,
    stake_weighted_median,
    with_stake,
)
from hourglass.workflow.series import Series
from hourglass.workflow.tasks import TaskContext
from hourglass.workflow.triggers import (
    Condition,
    all_of,
    always,
    any_of,
    approved_by,
    at_block,
    at_time,
    chain_event,
    data_hash,
    not_,
    oracle_within,
    price_above,
    price_below,
    result_above,
    result_at_least,
    result_at_most,
    result_below,
    result_differs,
    result_equals,
)
from hourglass.workflow.votes import VoteTally, tally_votes, vote_counts, weighted_vote, weighted_vote_with

__all__ = [
    "Condition",
    "Context",
    "EarlyStop",
    "NoResultError",
    "Phase",
    "Reducer",
    "Series",
    "TaskContext",
    "VoteTally",
    "Weighed",
    "Workflow",
    "all_of",
    "always",
    "any_of",
    "approved_by",
    "at_block",
    "at_time",
    "chain_event",
    "concatenation",
    "data_hash",
    "identical",
    "intersection",
    "majority",
    "maximum",
    "mean",
    "median",
    "merkle_proof",
    "merkle_root",
    "merkle_root_of",
    "minimum",
    "mode",
    "not_",
    "oracle_within",
    "price_above",
    "price_below",
    "reducer",
    "result_above",
    "result_at_least",
    "result_at_most",
    "result_below",
    "result_differs",
    "result_equals",
    "stake_weighted_mean",
    "stake_weighted_median",
    "tally_votes",
    "total",
    "trimmed_mean",
    "union",
    "vote_counts",
    "weighted_vote",
    "weighted_vote_with",
    "with_stake",
]
__version__ = "0.2.0"
