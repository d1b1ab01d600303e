"""The quick price oracle as one faulty operator works it: for the demonstration and the tests.

Its definition is the honest one's, so its agent serves it; its prices are from nowhere, and it announces what nobody
else does, as a stale feed, a bug or a lie would. The others' quorum completes without it, and it is named.
"""

from pathlib import Path
from types import ModuleType

from hourglass import Workflow

honest = ModuleType("honest")
exec(Path(__file__).with_name("workflow.py").read_text("utf-8"), honest.__dict__)


async def price_from_nowhere() -> int:
    """A price that nobody else sees."""
    return 424_242


def wrong_announcement(update: str, summary: str) -> str:
    """An announcement that no other operator computes."""
    return "buy now"


honest.__dict__.update(price=price_from_nowhere, announcement=wrong_announcement)
quick: Workflow = honest.__dict__["quick"]
