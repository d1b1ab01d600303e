"""The twin against the contracts: whatever happens, in whatever order, both say the same.

Each story is drawn by Hypothesis, told to both chains call by call at the same block times, and shrunk if they differ.
After every call its events or its refusal, and all that can be asked about the latest executions, are compared.
"""

import asyncio
from collections import Counter
from collections.abc import Sequence
from typing import get_args

import pytest
from hypothesis import HealthCheck, given, seed, settings
from hypothesis import strategies as st
from twins.actions import Action
from twins.draws import actions, definitions
from twins.pair import Pair, open_pair
from twins.stories import Story

from hourglass.workflow.definition import WorkflowDefinition
from hourglass.workflow.events import WorkflowEvent

STORIES = 80
"""In each of `PARTS`, which may run side by side."""
PARTS = 4
KINDS_OF_REFUSAL = 20
"""So many at least must each part meet, and every kind of event: otherwise it would prove little."""


@pytest.mark.timeout(600)
@pytest.mark.parametrize("part", range(PARTS))
def test_whatever_happens_the_twin_says_what_the_contract_says(part: int) -> None:
    happened: Counter[str] = Counter()
    with asyncio.Runner() as runner:
        opened = open_pair()
        pair: Pair = runner.run(opened.__aenter__())

        @seed(part)
        @settings(
            max_examples=STORIES,
            deadline=None,
            database=None,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
        )
        @given(definitions(), st.lists(actions, min_size=10, max_size=25))
        def tell(definition: WorkflowDefinition, told: Sequence[Action]) -> None:
            story = Story(pair)
            runner.run(story.tell(definition, told))
            happened.update(story.happened)

        try:
            tell()
        finally:
            runner.run(opened.__aexit__(None, None, None))
    events = {event.__name__ for event in get_args(WorkflowEvent)}
    assert events - happened.keys() == set()
    assert len(happened.keys() - events) >= KINDS_OF_REFUSAL
