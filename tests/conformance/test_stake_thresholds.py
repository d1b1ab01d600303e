"""The verifier rounds a threshold down; we do not, and so are never laxer."""

from typing import Any

import pytest
from vectors import load

from hourglass.certificate.quorum import missing_stake, quorum_reached, verifier_accepts
from hourglass.workflow.identifiers import BasisPoints, StakeWeight


@pytest.mark.parametrize(
    "case", load("stake_threshold")["cases"], ids=lambda case: f"{case['bps']} of {case['total']}"
)
def test_the_floored_threshold_and_our_exact_one(case: dict[str, Any]) -> None:
    total, threshold = StakeWeight(int(case["total"])), BasisPoints(case["bps"])
    least, exact = int(case["min_signed"]), int(case["signed_needed_if_ceil"])
    assert verifier_accepts((StakeWeight(least),), (total,), threshold)
    assert least == 0 or not verifier_accepts((StakeWeight(least - 1),), (total,), threshold)
    assert missing_stake(StakeWeight(0), total, threshold) == exact
    needed = max(1, exact)
    assert quorum_reached((StakeWeight(needed),), (total,), threshold)
    assert not quorum_reached((StakeWeight(needed - 1),), (total,), threshold)
    for signed in {least, exact, needed, needed - 1, int(total)}:
        if quorum_reached((StakeWeight(signed),), (total,), threshold):
            assert verifier_accepts((StakeWeight(signed),), (total,), threshold)
