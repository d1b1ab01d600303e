"""How long to wait before a performer is started again. Pure."""

from dataclasses import dataclass

FIRST_DELAY_S = 2.0
FACTOR = 2.0
LONGEST_DELAY_S = 30.0
SETTLED_AFTER_S = 60.0
"""One that lived as long had started well: its end is a first one again."""


@dataclass(slots=True)
class Restarts:
    """Counts failures in a row. There is no last try: an operator without a performer has nothing better to do."""

    in_a_row: int = 0

    def delay_after(self, lived_s: float) -> float:
        """Seconds to wait, after it ended having lived so long."""
        if lived_s >= SETTLED_AFTER_S:
            self.in_a_row = 0
        delay_s = min(FIRST_DELAY_S * FACTOR ** min(self.in_a_row, 16), LONGEST_DELAY_S)
        self.in_a_row += 1
        return delay_s
