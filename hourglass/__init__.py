"""Multi-phase workflows for EigenLayer AVSs, with a BLS quorum of stake behind every phase.

This is what AVS developers import. It pulls in neither the chain client nor the bus client, so a workflow
file loads in milliseconds anywhere.
"""

from hourglass.workflow.authoring import Phase, Workflow
from hourglass.workflow.context import Context
from hourglass.workflow.reducers import (
    Reducer,
    Weighed,
    identical,
    median,
    mode,
    reducer,
    stake_weighted_median,
)

__all__ = [
    "Context",
    "Phase",
    "Reducer",
    "Weighed",
    "Workflow",
    "identical",
    "median",
    "mode",
    "reducer",
    "stake_weighted_median",
]
__version__ = "0.1.0"
